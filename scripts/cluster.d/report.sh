# shellcheck shell=bash
# What a person or another program is told about the cluster.

quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# Replaces cluster.json in one step; it holds secrets, so only its owner may read it.
write_description() {
    local name port admin_port separator='' draft
    draft=$(mktemp "$cluster_dir/cluster.json.XXXXXX")
    {
        printf '{\n  "public_url": %s,\n  "database_url": %s,\n' "$(quoted "$public_url")" "$(quoted "$(database_url)")"
        printf '  "redis_url": %s,\n  "jwt_secret": %s,\n' "$(quoted "$redis_url")" "$(quoted "$(secret jwt_secret)")"
        printf '  "session_type_id": "%s",\n  "backend_url": %s,\n' "$session_type_id" "$(quoted "$backend_url")"
        printf '  "processes": ['
        for name in $(all_names); do
            port=$(port_of "$name")
            admin_port=$(admin_port_of "$name")
            printf '%s\n    {"name": "%s", "role": "%s", "pid": %s, "port": %s, "admin_port": %s, "log": %s}' \
                "$separator" "$name" "$(role_of "$name")" "$(pid_of "$name" || printf null)" "${port:-null}" \
                "${admin_port:-null}" "$(quoted "$(log_of "$name")")"
            separator=,
        done
        printf '\n  ]\n}\n'
    } >"$draft"
    mv -f "$draft" "$cluster_dir/cluster.json"
}

cluster_status() {
    local name pid state outcome=0
    printf '%-12s %-9s %8s %6s %6s  %s\n' NAME ROLE PID PORT ADMIN READY
    for name in $(all_names); do
        pid=$(pid_of "$name") || pid=-
        if [[ $pid == - ]]; then
            state=stopped
        elif ready "$name"; then
            state=yes
        else
            state=no
        fi
        [[ $state == yes ]] || outcome=1
        printf '%-12s %-9s %8s %6s %6s  %s\n' "$name" "$(role_of "$name")" "$pid" "$(port_of "$name" | grep . || echo -)" \
            "$(admin_port_of "$name" | grep . || echo -)" "$state"
    done
    return "$outcome"
}

print_welcome() {
    local token
    token=$(make_token alice)
    cat <<WELCOME

Chat Engine is up.

  Console:    $public_url/console
  WebSocket:  ws://127.0.0.1:$CLUSTER_HTTP_PORT/ws
  Token:      $token
              (client alice, for a day; 'scripts/cluster token NAME' makes another)

  Try:        TOKEN=$token
              curl -s -X POST $public_url/api/v1/sessions -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{"session_type_id":"$session_type_id"}'

  Everything about it is in $cluster_dir/cluster.json; 'make down' stops it and keeps the data.
WELCOME
}
