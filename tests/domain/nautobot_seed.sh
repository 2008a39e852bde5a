# SPDX-License-Identifier: Apache-2.0
# Sourced, with a Nautobot that runs: a client of its API, and what has to be there before an item can be.

nautobot_api() {
        local method=$1 path=$2
        shift 2
        curl -sf -m 30 -X "$method" -H "Authorization: Token $NAUTOBOT_TOKEN" -H 'Content-Type: application/json' "$NAUTOBOT_URL/api$path" "$@"
}
nautobot_make() { nautobot_api POST "$1" -d "$2" >/dev/null; }

nautobot_make /extras/roles/ '{"name": "Owner", "content_types": ["extras.contactassociation"]}'
nautobot_make /dcim/location-types/ '{"name": "Site", "content_types": ["dcim.device"]}'
nautobot_make /dcim/manufacturers/ '{"name": "Acme"}'
nautobot_make /dcim/device-types/ '{"model": "R1", "manufacturer": {"name": "Acme"}}'
nautobot_make /virtualization/cluster-types/ '{"name": "kvm"}'
nautobot_make /virtualization/clusters/ '{"name": "c1", "cluster_type": {"name": "kvm"}}'
nautobot_make /extras/custom-fields/ '{"label": "depends_on", "key": "depends_on", "type": "text",
        "content_types": ["dcim.device", "virtualization.virtualmachine"]}'
for place in tokyo osaka; do
        nautobot_make /dcim/locations/ '{"name": "'$place'", "location_type": {"name": "Site"}, "status": {"name": "Active"}}'
done
for role in web db; do
        nautobot_make /extras/roles/ '{"name": "'$role'", "content_types": ["dcim.device", "virtualization.virtualmachine"]}'
done
