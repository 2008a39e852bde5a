# SPDX-License-Identifier: Apache-2.0
# Sourced: the systems that the domain storage is tried on, and clients of theirs that are not ours.

contract=$TOP/plugins/storage/domain.json domain=storage

# ---- Swift: its own API, by curl ----

swift_token() {
        curl -sS -m 10 -D - -o /dev/null -H "X-Auth-User: $SWIFT_KEY" -H "X-Auth-Key: $SWIFT_SECRET" "$SWIFT_AUTH" |
                tr -d '\r' | sed -n 's/^X-Auth-Token: //p'
}
encoded() { jq -rn --arg s "$1" '$s | @uri'; }
swift() {
        local method=$1 path=$2
        shift 2
        curl -sS -m 10 -X "$method" -H "X-Auth-Token: $token" "$@" "$SWIFT_URL/v1/AUTH_test$path"
}
buckets() { swift GET '?format=json' | jq -r '.[].name' | sort | xargs; }
keys() { swift GET "/$1?format=json" | jq -c '[.[].name]'; }
content() { swift GET "/$1/$(encoded "$2")"; }
status_of() { swift GET "/$1/$(encoded "$2")" -o /dev/null -w '%{http_code}'; }
foreign_put() { swift PUT "/$1/$(encoded "$2")" -H 'Content-Type: text/plain' --data-binary "$3" -o /dev/null; }
foreign_put_command() {
        echo "curl -sS -m 10 -X PUT -H 'X-Auth-Token: $token' -H 'Content-Type: text/plain' --data-binary '$3' -o /dev/null '$SWIFT_URL/v1/AUTH_test/$1/$(encoded "$2")'"
}
header() { swift HEAD "/$1" -I | tr -d '\r' | sed -n "s/^$2: //Ip"; }
quota_of() { header "$1" X-Container-Meta-Quota-Bytes; }
# Without any credentials.
stranger() { curl -sS -m 10 -o /dev/null -w '%{http_code}' "$SWIFT_URL/v1/AUTH_test/$1/$(encoded "$2")"; }

start_swift() {
        plugin=$BUILD/plugins/storage/s3.so
        start_server swift
        token=$(swift_token)
        config=$(jq -nc --arg url "$SWIFT_URL" --arg key "$SWIFT_KEY" --arg secret "$SWIFT_SECRET" --arg auth "$SWIFT_AUTH" '
                {url: $url, access_key: $key, secret_key: $secret, policy: "swift", swift_auth: $auth, watch: ["watched"], poll_s: 1}')
}
