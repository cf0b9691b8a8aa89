"""From bare domains to a site list: where a domain's login may be, in order of cost, and what is said of it in the end.

Everything here decides and asks nothing of any machine: `search` says what to look at next and takes what was seen,
`ways` and `places` tell candidates, `writing` makes the list. `gridrunner.run.discovering` makes the visits.
"""
