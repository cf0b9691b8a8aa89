#!/bin/sh
# Makes the Debian base image from Debian's own packages, where no image registry can be reached:
#   docker/make-base-image.sh [TAG]          (as root; needs debootstrap)
#
# TAG is gridrunner/debian:bookworm-slim unless it is given; an image of that name is kept. SUITE (bookworm) and MIRROR
# (debootstrap's own default) may be set in the environment. It is what debian:SUITE-slim is: a minimal system without
# documentation. Took 27 s (2026-11-26, two cores); the image has 140 MB.
set -eu

suite=${SUITE:-bookworm}
tag=${1:-gridrunner/debian:$suite-slim}
mirror=${MIRROR:-}
say() { printf 'make-base-image: %s\n' "$*" >&2; }
fail() { say "$*"; exit 2; }

if docker image inspect "$tag" >/dev/null 2>&1; then
    say "$tag is there"
    exit 0
fi
[ "$(id -u)" = 0 ] || fail "debootstrap must run as root: use sudo, or build from a registry's image (BASE_IMAGE=debian:bookworm-slim docker/build.sh)"
command -v debootstrap >/dev/null 2>&1 || fail "debootstrap is missing: apt-get install debootstrap"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
say "debootstrap --variant=minbase $suite"
if ! debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    fail "debootstrap failed; see above (MIRROR=http://… names another mirror)"
fi
from=$(sed -n 's/^deb \([^ ]*\) .*/\1/p' "$root/etc/apt/sources.list" | head -n 1)
{
    echo "deb $from $suite main"
    echo "deb $from $suite-updates main"
    echo "deb ${SECURITY_MIRROR:-${from%/}-security} $suite-security main" # Chromium is kept current there
} >"$root/etc/apt/sources.list"

# What a slim image leaves out now and with every later apt-get install.
cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'EOF'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/lintian/*
EOF
cat >"$root/etc/apt/apt.conf.d/slim" <<'EOF'
APT::Install-Recommends "false";
Acquire::Languages "none";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
EOF
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no service is started while packages are installed
chmod 755 "$root/usr/sbin/policy-rc.d"
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root/usr/share/man" "$root/usr/share/info" "$root/usr/share/locale" "$root/usr/share/lintian"
rm -rf "$root/var/lib/apt/lists" "$root/var/cache/apt/archives" "$root/var/log/bootstrap.log"
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/usr/share/man/man1"

say "docker import $tag"
tar -C "$root" --numeric-owner -c . | docker import --change 'CMD ["bash"]' - "$tag" >/dev/null
docker image inspect --format "$tag: {{.Size}} bytes" "$tag" >&2
