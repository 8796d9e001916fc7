# shellcheck shell=bash disable=SC2034 # what is set here is used by the scripts that source it
# What this repository needs from the system. Sourced by the scripts beside this folder.
#
# Each line: how to see that it is there (a command, or a library as pkg-config calls it), and the Debian package that
# brings it.
requirements='
command pkg-config   pkg-config
command git          git
command setpriv      util-linux
command openssl      openssl
library libpq        libpq-dev
library hiredis      libhiredis-dev
library libsodium    libsodium-dev
library libcrypto    libssl-dev
library vips         libvips-dev
command redis-server redis-server
command haproxy      haproxy
initdb  -            postgresql
'
# What the tests need besides.
test_requirements='
command python3      python3
module  ensurepip    python3-venv
'

# What single tests need besides. They are left out, and say so, where it cannot be had.
optional_test_requirements='
command turnserver   coturn
command chromium     chromium
command chromedriver chromium-driver
'

# Prints the folder of PostgreSQL's programs, the newest that is installed.
postgres_programs() {
    local folder
    if folder=$(command -v initdb); then
        dirname "$(readlink -f "$folder")"
        return
    fi
    folder=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort --version-sort | tail -n 1)
    [ -x "$folder" ] && dirname "$folder"
}

# missing_packages REQUIREMENTS: prints the packages of those that are not met.
missing_packages() {
    local kind name package
    while read -r kind name package; do
        case "$kind" in
            command) command -v "$name" >/dev/null || echo "$package" ;;
            library) pkg-config --exists "$name" 2>/dev/null || echo "$package" ;;
            module) python3 -c "import $name" 2>/dev/null || echo "$package" ;;
            initdb) postgres_programs >/dev/null || echo "$package" ;;
        esac
    done <<<"$1"
}

# install_packages REQUIREMENTS: installs what is missing, or says what to install.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$1")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "These packages are missing (Debian's names): ${missing[*]}"
        say "On Debian:  sudo apt-get install ${missing[*]}"
        return 1
    fi
    say "Installing ${missing[*]}"
    (
        # The servers in these packages would start on their usual ports, and nobody asked for that.
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap 'rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod 755 "$policy"
        fi
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    )
    if [ -d /run/systemd/system ]; then
        local package
        for package in "${missing[@]}"; do
            case "$package" in
                redis-server | haproxy | postgresql | coturn) systemctl disable --quiet --now "$package" || true ;;
            esac
        done
    fi
}

# install_if_possible REQUIREMENTS: installs what is missing, and says what is missing still.
install_if_possible() {
    local missing
    install_packages "$1" || true
    mapfile -t missing < <(missing_packages "$1")
    [ "${#missing[@]}" -eq 0 ] || say "Tests that need ${missing[*]} are left out."
}

# Puts Swift on the path, or says that it is missing.
require_swift() {
    local folder
    for folder in "$HOME/.local/share/swiftly/bin" /opt/swift/usr/bin /usr/local/swift/usr/bin; do
        command -v swift >/dev/null || [ ! -x "$folder/swift" ] || PATH="$PATH:$folder"
    done
    if ! command -v swift >/dev/null; then
        say "Swift is not installed (no \`swift\` on the path). Apus needs Swift 6.2 or newer:"
        say "https://www.swift.org/install/linux/ has it, for Debian too."
        return 1
    fi
}

say() { printf '%s\n' "$*" >&2; }
