# shellcheck shell=bash
# Settings of the cluster: names, ports, directories.

# Every process of the example is registered under this id, so that documents and scripts can name it.
readonly session_type_id=01970000-0000-7000-8000-000000000001
readonly most_nodes=8

setting_names=(
    CLUSTER_HTTP_PORT CLUSTER_POSTGRES_PORT CLUSTER_REDIS_PORT CLUSTER_BACKEND_PORT
    CLUSTER_API_PORT CLUSTER_API_ADMIN_PORT CLUSTER_GATEWAY_PORT CLUSTER_GATEWAY_ADMIN_PORT CLUSTER_BUS_ADMIN_PORT
    CLUSTER_API_NODES CLUSTER_GATEWAY_NODES CLUSTER_BUS_NODES CLUSTER_BIN_DIR
)

say() { printf '%s\n' "$*"; }

fail() {
    printf 'cluster: %s\n' "$*" >&2
    exit 1
}

# Environment over what the last `up` was given over defaults.
read_settings() {
    cluster_dir=${CLUSTER_DIR:-$root/.local}
    mkdir -p "$cluster_dir" || fail "cannot write $cluster_dir; CLUSTER_DIR moves it"
    cluster_dir=$(cd "$cluster_dir" && pwd)
    # PostgreSQL runs as another user when we are root, and has to pass through; secrets have their own modes.
    chmod 711 "$cluster_dir"
    mkdir -p "$cluster_dir/logs" "$cluster_dir/run"
    local name value
    if [[ -f $cluster_dir/settings ]]; then
        while IFS='=' read -r name value; do
            [[ " ${setting_names[*]} " == *" $name "* && -z ${!name:-} ]] && declare -g "$name=$value"
        done <"$cluster_dir/settings"
    fi
    : "${CLUSTER_HTTP_PORT:=8080}" "${CLUSTER_POSTGRES_PORT:=5440}" "${CLUSTER_REDIS_PORT:=6390}"
    : "${CLUSTER_BACKEND_PORT:=8301}" "${CLUSTER_BUS_ADMIN_PORT:=9301}"
    : "${CLUSTER_API_PORT:=8101}" "${CLUSTER_API_ADMIN_PORT:=9101}"
    : "${CLUSTER_GATEWAY_PORT:=8201}" "${CLUSTER_GATEWAY_ADMIN_PORT:=9201}"
    : "${CLUSTER_API_NODES:=2}" "${CLUSTER_GATEWAY_NODES:=2}" "${CLUSTER_BUS_NODES:=1}"
    : "${CLUSTER_BIN_DIR:=$root/.build/release}"
    check_settings
    public_url=http://127.0.0.1:$CLUSTER_HTTP_PORT
    redis_url=redis://127.0.0.1:$CLUSTER_REDIS_PORT
    backend_url=http://127.0.0.1:$CLUSTER_BACKEND_PORT/
}

check_settings() {
    local name
    for name in "${setting_names[@]}"; do
        case $name in
            *_PORT) [[ ${!name} =~ ^[1-9][0-9]{0,4}$ ]] && ((${!name} <= 65535)) || fail "$name=${!name} is not a port" ;;
            *_NODES)
                [[ ${!name} =~ ^[1-9]$ ]] && ((${!name} <= most_nodes)) || fail "$name=${!name} is not 1…$most_nodes"
                ;;
        esac
    done
}

remember_settings() {
    local name
    for name in "${setting_names[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done >"$cluster_dir/settings"
}

forget_settings() { rm -f -- "$cluster_dir/settings"; }

# The names of all processes of one role, in order.
names_of() {
    local count
    case $1 in
        api) count=$CLUSTER_API_NODES ;;
        gateway) count=$CLUSTER_GATEWAY_NODES ;;
        bus) count=$CLUSTER_BUS_NODES ;;
        *)
            printf '%s\n' "$1"
            return
            ;;
    esac
    local index
    for ((index = 1; index <= count; index++)); do printf '%s-%d\n' "$1" "$index"; done
}

all_names() {
    local role
    for role in postgres redis haproxy api gateway bus backend; do names_of "$role"; done
}

require_name() {
    local name
    for name in $(all_names); do [[ $name != "$1" ]] || return 0; done
    fail "no process is called '$1'; there are: $(all_names | tr '\n' ' ')"
}

role_of() { printf '%s' "${1%-[0-9]*}"; }

log_of() { printf '%s' "$cluster_dir/logs/$1.log"; }

# Port of a process, and after it the setting that moves it; nothing for a process without one.
port_and_setting() {
    local index=${1##*-}
    case $1 in
        postgres) printf '%s CLUSTER_POSTGRES_PORT' "$CLUSTER_POSTGRES_PORT" ;;
        redis) printf '%s CLUSTER_REDIS_PORT' "$CLUSTER_REDIS_PORT" ;;
        haproxy) printf '%s CLUSTER_HTTP_PORT' "$CLUSTER_HTTP_PORT" ;;
        backend) printf '%s CLUSTER_BACKEND_PORT' "$CLUSTER_BACKEND_PORT" ;;
        api-*) printf '%d CLUSTER_API_PORT' $((CLUSTER_API_PORT + index - 1)) ;;
        gateway-*) printf '%d CLUSTER_GATEWAY_PORT' $((CLUSTER_GATEWAY_PORT + index - 1)) ;;
    esac
}

admin_port_and_setting() {
    local index=${1##*-}
    case $1 in
        api-*) printf '%d CLUSTER_API_ADMIN_PORT' $((CLUSTER_API_ADMIN_PORT + index - 1)) ;;
        gateway-*) printf '%d CLUSTER_GATEWAY_ADMIN_PORT' $((CLUSTER_GATEWAY_ADMIN_PORT + index - 1)) ;;
        bus-*) printf '%d CLUSTER_BUS_ADMIN_PORT' $((CLUSTER_BUS_ADMIN_PORT + index - 1)) ;;
    esac
}

port_of() {
    local answer
    answer=$(port_and_setting "$1")
    printf '%s' "${answer%% *}"
}

admin_port_of() {
    local answer
    answer=$(admin_port_and_setting "$1")
    printf '%s' "${answer%% *}"
}

accepts_connections() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Who listens on a port, as far as it can be seen.
listener_on() {
    local owner=''
    if command -v ss >/dev/null; then
        owner=$(ss -ltnpH "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p;q')
    fi
    printf '%s' "${owner:-another process}"
}

# Looks at the ports of the named processes (all without a name) before anything is started.
require_free_ports() {
    local names=("$@") name answer port setting problems=() taken=' '
    (($# > 0)) || mapfile -t names < <(all_names)
    for name in "${names[@]}"; do
        if running "$name"; then
            require_same_ports "$name"
            taken+="$(port_of "$name") $(admin_port_of "$name") "
            continue
        fi
        while read -r port setting; do
            [[ -n $port ]] || continue
            if [[ $taken == *" $port "* ]]; then
                problems+=("port $port of $name is given to two processes; $setting moves it")
            elif accepts_connections "$port"; then
                problems+=("port $port of $name is taken by $(listener_on "$port"); $setting moves it")
            fi
            taken+="$port "
        done < <(port_and_setting "$name"; echo; admin_port_and_setting "$name"; echo)
    done
    ((${#problems[@]} == 0)) && return
    printf 'cluster: %s\n' "${problems[@]}" >&2
    exit 1
}
