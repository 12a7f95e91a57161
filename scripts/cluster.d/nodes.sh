# shellcheck shell=bash
# The engine's own processes and the example backend.

# with_environment COMMAND…: runs a command of the engine with the settings that all nodes share.
with_environment() {
    engine_environment
    "${environment[@]}" "$@"
}

engine_environment() {
    environment=(
        env -u JWT_SECRET
        "DATABASE_URL=$(database_url)" "REDIS_URL=$redis_url" "JWT_SECRET_FILE=$cluster_dir/secrets/jwt_secret"
        "PUBLIC_BASE_URL=$public_url" "DATA_DIR=$cluster_dir/data" HOST=127.0.0.1 WEBHOOK_ALLOW_PRIVATE=true
    )
}

start_node() {
    local program=$1 name=$2 port
    port=$(port_of "$name")
    engine_environment
    launch "$name" "${environment[@]}" "NODE_ID=$name" "ADMIN_PORT=$(admin_port_of "$name")" ${port:+"PORT=$port"} \
        "$CLUSTER_BIN_DIR/$program" serve
}

start_api() { start_node chat-engine-api "$1"; }

start_gateway() { start_node chat-engine-gateway "$1"; }

start_bus() { start_node chat-engine-bus "$1"; }

start_backend() {
    launch backend "$CLUSTER_BIN_DIR/echo-backend" --host 127.0.0.1 --port "$CLUSTER_BACKEND_PORT"
}

apply_schema() {
    say "schema: applying migrations"
    with_environment "$CLUSTER_BIN_DIR/chat-engine-api" migrate >>"$(log_of migrate)" 2>&1 ||
        die_with_log migrate "failed"
}

register_session_type() {
    local types
    types=$(with_environment "$CLUSTER_BIN_DIR/chat-engine-api" session-type list) || fail "session types cannot be listed"
    if [[ $types != *$session_type_id* ]]; then
        say "session type: registering the example backend"
        with_environment "$CLUSTER_BIN_DIR/chat-engine-api" session-type add --id "$session_type_id" --name echo \
            --webhook-url "$backend_url" >>"$(log_of migrate)" 2>&1 || die_with_log migrate "failed to add the session type"
    elif [[ $types != *"$backend_url"* ]]; then
        fail "the example session type is registered for another port than CLUSTER_BACKEND_PORT=$CLUSTER_BACKEND_PORT:" \
            "give the port it had, or 'scripts/cluster reset'"
    fi
}

make_token() {
    local client=$1
    shift
    with_environment "$CLUSTER_BIN_DIR/chat-engine-api" token --client-id "$client" --expires-in 86400 "$@"
}

# HAProxy has to see the nodes ready, too.
await_public_ports() {
    local deadline=$((SECONDS + 30)) path status
    for path in /api/v1/sessions /ws; do
        while
            status=$(curl --noproxy '*' -s -m 2 -o /dev/null -w '%{http_code}' "$public_url$path" || true)
            [[ $status == 503 || $status == 000 ]]
        do
            ((SECONDS < deadline)) || die_with_log haproxy "answers $status for $path though the nodes are ready"
            sleep 0.1
        done
    done
}
