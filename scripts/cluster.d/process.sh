# shellcheck shell=bash
# Processes: started detached, known by pid and start time, so that a recycled pid is never taken for one of ours.

take_lock() {
    exec 9>"$cluster_dir/lock"
    flock -w 300 9 || fail "another scripts/cluster has been at work in $cluster_dir for five minutes"
}

# Start time of a live process in clock ticks since boot; nothing for one that is gone or a zombie.
start_time_of() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The second field is the program's name and may hold anything; what follows its last parenthesis does not.
    local -a fields
    read -r -a fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] && printf '%s' "${fields[19]}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

record() {
    printf '%s %s %s %s %s\n' "$2" "$(start_time_of "$2")" "$(boot_id)" "$(port_of "$1")" "$(admin_port_of "$1")" \
        >"$cluster_dir/run/$1"
}

# Prints the pid of a process that runs; fails for one that does not.
pid_of() {
    local pid started boot
    [[ -f $cluster_dir/run/$1 ]] || return 1
    read -r pid started boot _ <"$cluster_dir/run/$1" || return 1
    [[ $boot == "$(boot_id)" && -n $started && $(start_time_of "$pid") == "$started" ]] && printf '%s' "$pid"
}

running() { pid_of "$1" >/dev/null; }

require_same_ports() {
    local port admin_port
    read -r _ _ _ port admin_port <"$cluster_dir/run/$1"
    [[ "$port $admin_port" == "$(port_of "$1") $(admin_port_of "$1")" ||
        "$port" == "$(port_of "$1")$(admin_port_of "$1")" ]] ||
        fail "$1 runs on port $port; 'scripts/cluster down' first, then it can be moved"
}

# The names of this role that a process was ever recorded for, whatever the settings are now.
recorded_names() {
    local file
    for file in "$cluster_dir/run/$1" "$cluster_dir/run/$1"-*; do
        [[ ! -f $file ]] || printf '%s\n' "${file##*/}"
    done
}

start() {
    local name=$1
    if running "$name"; then
        say "$name: runs already"
        return
    fi
    "start_$(role_of "$name")" "$name"
    write_description
    say "$name: started (pid $(pid_of "$name" || printf '?'))"
}

# launch NAME COMMAND…: the command must become the program itself, in the same process.
launch() {
    local name=$1
    shift
    setsid -- "$@" </dev/null >>"$(log_of "$name")" 2>&1 9>&- &
    record "$name" "$!" || die_with_log "$name" "ended at once"
}

die_with_log() {
    printf 'cluster: %s %s; the end of %s:\n' "$1" "$2" "$(log_of "$1")" >&2
    tail -n 20 "$(log_of "$1")" | sed 's/^/    /' >&2
    exit 1
}

await_ready() {
    local name=$1 limit=60 deadline
    deadline=$((SECONDS + limit))
    until ready "$name"; do
        running "$name" || die_with_log "$name" "ended while it started"
        ((SECONDS < deadline)) || die_with_log "$name" "was not ready after $limit seconds"
        sleep 0.1
    done
}

get() { curl --noproxy '*' --silent --fail --max-time 2 --output /dev/null "$1" 2>/dev/null; }

ready() {
    running "$1" || return 1
    case $1 in
        postgres) "$(postgres_programs)/pg_isready" --quiet --host=127.0.0.1 --port="$CLUSTER_POSTGRES_PORT" ;;
        redis) [[ $(redis-cli -h 127.0.0.1 -p "$CLUSTER_REDIS_PORT" ping 2>/dev/null) == PONG ]] ;;
        haproxy) get "$public_url/load-balancer/healthz" ;;
        backend) accepts_connections "$CLUSTER_BACKEND_PORT" ;;
        *) get "http://127.0.0.1:$(admin_port_of "$1")/readyz" ;;
    esac
}

# A node may take DRAIN_SECONDS to finish its streams.
stop_limit_of() {
    case $1 in
        api-* | gateway-* | bus-*) printf '%d' $((${DRAIN_SECONDS:-30} + 15)) ;;
        *) printf '30' ;;
    esac
}

# Ends the named processes cleanly and together.
stop_all() {
    local name pid signal signalled=()
    for name; do
        pid=$(pid_of "$name") || continue
        # For PostgreSQL this is the fast shut-down: open transactions are rolled back, clients disconnected.
        [[ $name == postgres ]] && signal=INT || signal=TERM
        kill -s "$signal" "$pid" 2>/dev/null || true
        signalled+=("$name")
    done
    for name in "${signalled[@]}"; do await_end "$name"; done
    for name; do rm -f -- "$cluster_dir/run/$name"; done
    ((${#signalled[@]} == 0)) || write_description
}

await_end() {
    local name=$1 limit deadline
    limit=$(stop_limit_of "$name")
    deadline=$((SECONDS + limit))
    while running "$name"; do
        if ((SECONDS >= deadline)); then
            say "$name: did not stop within $limit seconds, killing it"
            kill_now "$name"
            return
        fi
        sleep 0.1
    done
    say "$name: stopped"
}

kill_now() {
    local name=$1 pid child children=''
    pid=$(pid_of "$name") || fail "$name does not run"
    # A crash takes the whole server; PostgreSQL's own children would outlive it for a while.
    [[ $name != postgres ]] || children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || true)
    kill -s KILL "$pid" 2>/dev/null || true
    for child in $children; do kill -s KILL "$child" 2>/dev/null || true; done
    while running "$name"; do sleep 0.05; done
    for child in $children; do
        while start_time_of "$child" >/dev/null; do sleep 0.05; done
    done
    rm -f -- "$cluster_dir/run/$name"
    write_description
    say "$name: killed"
}
