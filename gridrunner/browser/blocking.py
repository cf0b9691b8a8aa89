"""What a visit does not fetch: media and fonts by their file names, and a few trackers that hold up pages.

Detection needs none of it, a screenshot does: so a visit is lean only on its first attempt, and never with
`--screenshots all`. Pictures are fetched: where a page gives one no size, the layout is not true without it
(docs/design/speed.md has the figures). The browser refuses the requests itself, by pattern; nothing is intercepted, so
it costs no round trip.
"""

from __future__ import annotations

FILE_TYPES = (
    # media and fonts that browsers take: MDN "Media container formats", "WOFF", 2026-11
    *("mp4", "webm", "ogv", "m4v", "mov", "mp3", "m4a", "ogg", "wav", "m3u8", "ts"),
    *("woff", "woff2", "ttf", "otf", "eot"),
)

TRACKER_HOSTS = (
    # the most seen third parties of the HTTP Archive's Web Almanac, chapter "Third Parties", that show nothing a login
    # needs; consent managers and captchas are left in, because they stand over forms
    "www.google-analytics.com",
    "www.googletagmanager.com",
    "stats.g.doubleclick.net",
    "googleads.g.doubleclick.net",
    "pagead2.googlesyndication.com",
    "connect.facebook.net",
    "bat.bing.com",
    "static.hotjar.com",
    "script.hotjar.com",
    "www.clarity.ms",
    "analytics.tiktok.com",
    "snap.licdn.com",
    "px.ads.linkedin.com",
    "mc.yandex.ru",
    "hm.baidu.com",
    "js-agent.newrelic.com",
    "bam.nr-data.net",
    "cdn.segment.com",
    "widget.intercom.io",
    "static.ads-twitter.com",
)

BLOCKED_PATTERNS = (
    *(f"*.{name}" for name in FILE_TYPES),
    *(f"*.{name}?*" for name in FILE_TYPES),
    *(f"*://{host}/*" for host in TRACKER_HOSTS),
)
"""For `Network.setBlockedURLs`: `*` stands for anything."""
