#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# alertmanager.sh start DIR WEBHOOK-URL [TOKEN] | fire DIR LABEL=VALUE… | stop DIR
#
# A Prometheus Alertmanager that sends what it is told to one webhook, with TOKEN as bearer. "fire" posts an
# alert as Prometheus would; without one for five seconds it resolves.
. "$(dirname "$0")/common.sh"

write_config() {
        cat >"$dir/alertmanager.yml" <<END
global: { resolve_timeout: 5s }
route: { receiver: kaname, group_by: [alertname, instance], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h }
receivers:
- name: kaname
  webhook_configs:
  - url: '$url'
    send_resolved: true
    max_alerts: 0
END
        [ -z "$token" ] || cat >>"$dir/alertmanager.yml" <<END
    http_config: { authorization: { type: Bearer, credentials: '$token' } }
END
        chmod 600 "$dir/alertmanager.yml"
}

launch() {
        port=$(free_ports 1)
        rm -rf "$dir/data"
        spawn "$dir" alertmanager prometheus-alertmanager --config.file="$dir/alertmanager.yml" \
                --storage.path="$dir/data" --web.listen-address="127.0.0.1:$port" --cluster.listen-address=
        until_true 10 curl -sf -m 1 "http://127.0.0.1:$port/-/ready" && return 0
        reap "$dir" alertmanager
        return 1
}

# label=value words to one alert's JSON; jq does the quoting
alert_of() {
        local pair args=() n=0 filter='{}'
        for pair; do
                n=$((n + 1))
                args+=(--arg "k$n" "${pair%%=*}" --arg "v$n" "${pair#*=}")
                filter="$filter + {(\$k$n): \$v$n}"
        done
        jq -nc "${args[@]}" "[{labels: ($filter), annotations: {}, generatorURL: \"http://127.0.0.1/test\"}]"
}

case ${1:-} in
start)
        need prometheus-alertmanager curl jq perl
        dir=$(scratch "${2:-}")
        url=${3:?usage: alertmanager.sh start DIR WEBHOOK-URL [TOKEN]}
        token=${4:-}
        write_config
        try_start launch || { tail -5 "$dir/alertmanager.log" >&2; die "alertmanager did not start, see $dir/alertmanager.log"; }
        echo "http://127.0.0.1:$port" >"$dir/url"
        echo "ALERTMANAGER_URL=http://127.0.0.1:$port"
        echo "ALERTMANAGER_PID=$(cat "$dir/alertmanager.pid")"
        ;;
fire)
        dir=$(scratch "${2:-}")
        shift 2
        curl -sf -m 5 -H 'Content-Type: application/json' -d "$(alert_of "$@")" "$(cat "$dir/url")/api/v2/alerts"
        ;;
stop)
        reap "$(scratch "${2:-}")" alertmanager
        ;;
*)
        die "usage: $me start DIR WEBHOOK-URL [TOKEN] | fire DIR LABEL=VALUE… | stop DIR"
        ;;
esac
