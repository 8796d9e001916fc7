# shellcheck shell=bash
# PostgreSQL and Redis of one's own, in a folder and on ports of one's own. Sourced by the scripts beside this folder,
# after packages.sh. Nothing here looks at, or for, servers that somebody else runs.

# Whether something listens on a loopback port.
port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints a loopback port that nothing listens on. Below the range that the kernel hands out by itself.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 12000))
        port_is_taken "$port" || { echo "$port" && return; }
    done
}

# Prints a secret of 43 letters and digits: 256 bits. openssl has the kernel's generator.
make_secret() { openssl rand -base64 96 | tr -dc 'A-Za-z0-9' | cut -c 1-43; }

# Runs a command as the account that PostgreSQL runs as: it refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups env -C / "$@"
    else
        "$@"
    fi
}

# make_postgres FOLDER PASSWORD_FILE USER: makes a database cluster, once.
make_postgres() {
    local folder=$1 password_file=$2 user=$3
    [ ! -f "$folder/data/PG_VERSION" ] || return 0
    mkdir -p "$folder"
    chmod 700 "$folder"
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres "$folder"
    # initdb reads the file as the account that it runs as.
    install -m 600 "$password_file" "$folder/password"
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres "$folder/password"
    as_postgres "$(postgres_programs)/initdb" --pgdata="$folder/data" --username="$user" --pwfile="$folder/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-instructions >/dev/null
    rm -f "$folder/password"
}

# start_postgres FOLDER PORT [OPTION...]: starts it unless it runs, and waits until it answers.
start_postgres() {
    local folder=$1 port=$2 option
    shift 2
    postgres_runs "$folder" && return 0
    local options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories="
    for option in "$@"; do options+=" -c $option"; done
    if ! as_postgres "$(postgres_programs)/pg_ctl" --silent --wait --pgdata="$folder/data" --log="$folder/log" \
        --options="$options" start; then
        say "PostgreSQL does not start; its log is $folder/log"
        return 1
    fi
}

postgres_runs() { as_postgres "$(postgres_programs)/pg_ctl" --pgdata="$1/data" status >/dev/null 2>&1; }

stop_postgres() {
    postgres_runs "$1" || return 0
    as_postgres "$(postgres_programs)/pg_ctl" --silent --wait --mode=fast --pgdata="$1/data" stop
}

# make_database PORT PASSWORD_FILE USER NAME: makes a database, once.
make_database() {
    local programs
    programs=$(postgres_programs)
    local -x PGPASSWORD PGHOST=127.0.0.1 PGPORT=$1 PGUSER=$3
    PGPASSWORD=$(<"$2")
    if [ -z "$("$programs/psql" --no-psqlrc --tuples-only --no-align --dbname=postgres \
        --command="SELECT 1 FROM pg_database WHERE datname = '$4'")" ]; then
        "$programs/createdb" "$4"
    fi
}

# wait_for_port PORT: until something listens there, for at most ten seconds.
wait_for_port() {
    for _ in $(seq 100); do
        port_is_taken "$1" && return 0
        sleep 0.1
    done
    say "Nothing listens on port $1"
    return 1
}

# start_redis PORT PASSWORD LOG: starts it in the background; its pid is in $!.
# Its configuration goes through a pipe: the password is in no file of Redis's and in no list of processes.
start_redis() {
    local account=()
    if [ "$(id -u)" -eq 0 ] && getent passwd redis >/dev/null; then
        account=(setpriv --reuid=redis --regid=redis --init-groups)
    fi
    # Hints only: nothing is kept, so nothing is written.
    setsid "${account[@]}" redis-server - >>"$3" 2>&1 <<EOF &
bind 127.0.0.1
port $1
requirepass $2
dir /
save ""
appendonly no
EOF
}

# http_status PORT PATH: prints the status of an answer, or nothing.
http_status() {
    local line
    {
        printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
        read -r -t 5 line <&3 && echo "$line" | cut -d ' ' -f 2
    } 3<>"/dev/tcp/127.0.0.1/$1"
} 2>/dev/null
