# shellcheck shell=bash
# PostgreSQL, Redis and HAProxy of our own: never the system's servers, only their programs.

require_programs() {
    local program missing=()
    for program in redis-server redis-cli haproxy curl setsid flock; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    postgres_programs >/dev/null || missing+=(postgres)
    ((${#missing[@]} == 0)) || fail "not installed: ${missing[*]} ('make up' installs what is missing)"
    for program in chat-engine-api chat-engine-gateway chat-engine-bus echo-backend; do
        [[ -x $CLUSTER_BIN_DIR/$program ]] || missing+=("$program")
    done
    ((${#missing[@]} == 0)) ||
        fail "not in $CLUSTER_BIN_DIR: ${missing[*]} ('make up' builds them, CLUSTER_BIN_DIR names another place)"
}

random_hex() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# Made once, readable by their owner only, and kept until `reset`.
make_secrets() {
    local name
    mkdir -p -m 700 "$cluster_dir/secrets"
    for name in jwt_secret database_password; do
        [[ -s $cluster_dir/secrets/$name ]] || (umask 077 && random_hex >"$cluster_dir/secrets/$name")
    done
}

require_secrets() {
    [[ -s $cluster_dir/secrets/jwt_secret ]] || fail "there is no cluster in $cluster_dir yet: 'make up' sets it up"
}

secret() { cat "$cluster_dir/secrets/$1" 2>/dev/null || true; }

database_url() {
    printf 'postgresql://chat_engine:%s@127.0.0.1:%s/chat_engine' "$(secret database_password)" "$CLUSTER_POSTGRES_PORT"
}

# The directory of PostgreSQL's programs: the version the data was made with, or the newest there is.
postgres_programs() {
    local version='*' directory
    [[ ! -f $cluster_dir/postgres/data/PG_VERSION ]] || version=$(<"$cluster_dir/postgres/data/PG_VERSION")
    # Debian keeps them out of PATH, one directory a version.
    # shellcheck disable=SC2086
    directory=$(printf '%s\n' /usr/lib/postgresql/$version/bin | sort -V | tail -n 1)
    if [[ -x $directory/postgres ]]; then
        printf '%s' "$directory"
    elif command -v postgres >/dev/null; then
        dirname "$(command -v postgres)"
    else
        return 1
    fi
}

# PostgreSQL refuses to run as root.
as_database_owner() {
    if ((EUID == 0)); then
        (cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
    else
        "$@"
    fi
}

# A directory PostgreSQL's user can enter, which one below /root is not.
make_database_directory() {
    [[ ! -e $cluster_dir/postgres ]] || return 0
    if ((EUID != 0)); then
        mkdir -m 700 "$cluster_dir/postgres"
    elif as_database_owner test -x "$cluster_dir"; then
        install -d -m 700 -o postgres -g postgres "$cluster_dir/postgres"
    else
        local elsewhere
        elsewhere=$(mktemp -d /var/tmp/chat-engine-postgres.XXXXXX)
        chown postgres:postgres "$elsewhere"
        ln -sfn "$elsewhere" "$cluster_dir/postgres"
        say "postgres: the user postgres cannot enter $cluster_dir, so the data is in $elsewhere"
    fi
}

delete_database() {
    if [[ -L $cluster_dir/postgres ]]; then
        local elsewhere
        elsewhere=$(readlink "$cluster_dir/postgres")
        [[ $elsewhere != /var/tmp/chat-engine-postgres.* ]] || rm -rf -- "$elsewhere"
        rm -f -- "$cluster_dir/postgres"
    else
        rm -rf -- "$cluster_dir/postgres"
    fi
}

create_database_files() {
    local directory=$1
    say "postgres: creating the data directory"
    # Built aside and moved when whole, so that an interrupted attempt leaves nothing that looks like data.
    as_database_owner rm -rf -- "$directory/new"
    secret database_password | as_database_owner sh -c "umask 077 && cat >'$directory/password'"
    as_database_owner "$(postgres_programs)/initdb" --pgdata="$directory/new" --username=postgres \
        --pwfile="$directory/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
        >>"$(log_of postgres)" 2>&1 || die_with_log postgres "could not create its data directory"
    as_database_owner mv "$directory/new" "$directory/data"
}

start_postgres() {
    make_database_directory
    local directory connections nodes
    directory=$(cd -P "$cluster_dir/postgres" && pwd)
    as_database_owner test -d "$directory/data" || create_database_files "$directory"
    clear_stale_lock "$directory/data"
    nodes=$((CLUSTER_API_NODES + CLUSTER_GATEWAY_NODES + CLUSTER_BUS_NODES))
    connections=$((nodes * (${DATABASE_POOL_SIZE:-$(($(nproc) * 2 + 4))} + 4) + 50))
    local command=(
        "$(postgres_programs)/postgres" -D "$directory/data" -c "port=$CLUSTER_POSTGRES_PORT"
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c "max_connections=$connections"
    )
    ((EUID != 0)) || command=(setpriv --reuid=postgres --regid=postgres --clear-groups -- "${command[@]}")
    launch postgres "${command[@]}"
    await_ready postgres
    create_database
}

# After a crash PostgreSQL removes its lock file by itself, unless the dead process is still listed as a zombie because
# nothing collects it (a container without an init process): then it takes it for alive.
clear_stale_lock() {
    local data=$1 pid deadline=$((SECONDS + 10))
    pid=$(as_database_owner head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
    [[ -d /proc/$pid ]] && ! start_time_of "$pid" >/dev/null || return 0
    while a_process_works_in "$data"; do
        ((SECONDS < deadline)) || fail "processes of a crashed PostgreSQL still use $data"
        sleep 0.1
    done
    as_database_owner rm -f -- "$data/postmaster.pid"
}

a_process_works_in() {
    local directory
    for directory in /proc/[0-9]*/cwd; do
        [[ $(readlink "$directory" 2>/dev/null) != "$1" ]] || return 0
    done
    return 1
}

# The engine works as an ordinary role that owns its database and nothing else.
create_database() {
    PGPASSWORD=$(secret database_password) "$(postgres_programs)/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
        --host=127.0.0.1 --port="$CLUSTER_POSTGRES_PORT" --username=postgres --dbname=postgres <<SQL || fail "the database could not be created"
SELECT 'CREATE ROLE chat_engine LOGIN PASSWORD ''$(secret database_password)'''
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chat_engine') \gexec
SELECT 'CREATE DATABASE chat_engine OWNER chat_engine'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'chat_engine') \gexec
SQL
}

# Redis holds nothing that matters, so it saves nothing.
start_redis() {
    mkdir -p "$cluster_dir/redis"
    launch redis redis-server --port "$CLUSTER_REDIS_PORT" --bind 127.0.0.1 --dir "$cluster_dir/redis" \
        --save '' --appendonly no --daemonize no
}

# What deploy/haproxy/haproxy.cfg reads from the environment.
haproxy_variables() {
    local role name
    printf 'HTTP_BIND=127.0.0.1:%s\n' "$CLUSTER_HTTP_PORT"
    for role in api gateway; do
        for name in $(names_of "$role"); do
            printf '%s=127.0.0.1:%s\n' "${role^^}_${name##*-}" "$(port_of "$name")"
            printf '%s_ADMIN_PORT=%s\n' "${role^^}_${name##*-}" "$(admin_port_of "$name")"
        done
    done
}

haproxy_knows_the_nodes() { [[ $(haproxy_variables) == "$(cat "$cluster_dir/haproxy.servers" 2>/dev/null)" ]]; }

start_haproxy() {
    local variables unset=() index
    mapfile -t variables < <(haproxy_variables)
    # A node that is not ours must not slip in from the caller's environment.
    for ((index = 1; index <= most_nodes; index++)); do
        unset+=(-u "API_$index" -u "API_${index}_ADMIN_PORT" -u "GATEWAY_$index" -u "GATEWAY_${index}_ADMIN_PORT")
    done
    haproxy_variables >"$cluster_dir/haproxy.servers"
    launch haproxy env "${unset[@]}" "${variables[@]}" haproxy -db -f "$root/deploy/haproxy/haproxy.cfg"
}
