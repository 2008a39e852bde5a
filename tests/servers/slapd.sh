#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# slapd.sh start DIR | stop DIR
#
# OpenLDAP on loopback: ldap:// with StartTLS and ldaps://, a certificate for 127.0.0.1 only, two service
# accounts (cn=kaname may write people and groups, cn=reader may not), and ppolicy, so that a disabled
# account really cannot sign in.
. "$(dirname "$0")/common.sh"
base=dc=example,dc=test

certificate() {
        [ -s "$dir/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 -subj /CN=slapd \
                -addext subjectAltName=IP:127.0.0.1 2>/dev/null
}

write_config() {
        cat >"$dir/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile $dir/slapd-own.pid
argsfile $dir/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCertificateFile $dir/cert.pem
TLSCertificateKeyFile $dir/key.pem
sizelimit 500
access to dn.base="" by * read
database mdb
suffix "$base"
rootdn "cn=admin,$base"
rootpw secret
directory $dir/db
maxsize 67108864
dbnosync
index objectClass,uid,cn eq
access to attrs=userPassword by self write by dn.exact="cn=kaname,$base" write by anonymous auth by * none
access to dn.subtree="ou=people,$base" by dn.exact="cn=kaname,$base" write by dn.exact="cn=reader,$base" read by * none
access to dn.subtree="ou=groups,$base" by dn.exact="cn=kaname,$base" write by dn.exact="cn=reader,$base" read by * none
access to * by dn.exact="cn=kaname,$base" read by dn.exact="cn=reader,$base" read by anonymous auth by * none
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,$base"
END
}

first_entries() {
        cat <<END
dn: $base
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,$base
objectClass: organizationalUnit
ou: people

dn: ou=groups,$base
objectClass: organizationalUnit
ou: groups

dn: cn=kaname,$base
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: kaname
userPassword: kaname-pw

dn: cn=policy,$base
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE

dn: cn=reader,$base
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-pw
END
}

answers() { ldapsearch -x -H "ldap://127.0.0.1:$port" -s base -b '' >/dev/null 2>&1; }

launch() {
        rm -rf "$dir/db"
        mkdir -p "$dir/db"
        read -r port tls_port <<<"$(free_ports 2)"
        write_config
        first_entries | slapadd -q -f "$dir/slapd.conf" >"$dir/slapadd.log" 2>&1 || return 1
        spawn "$dir" slapd slapd -d 0 -f "$dir/slapd.conf" -h "ldap://127.0.0.1:$port/ ldaps://127.0.0.1:$tls_port/"
        until_true 10 answers || { reap "$dir" slapd; return 1; }
}

case ${1:-} in
start)
        need slapd slapadd ldapsearch openssl perl
        dir=$(scratch "${2:-}")
        certificate
        try_start launch || { tail -5 "$dir/slapadd.log" "$dir/slapd.log" >&2; die "slapd did not start"; }
        cat <<END
SLAPD_PORT=$port
SLAPD_TLS_PORT=$tls_port
SLAPD_CA=$dir/cert.pem
SLAPD_BASE=$base
SLAPD_ADMIN=cn=admin,$base
SLAPD_ADMIN_PASSWORD=secret
SLAPD_PID=$(cat "$dir/slapd.pid")
END
        ;;
stop)
        dir=$(scratch "${2:-}")
        reap "$dir" slapd
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
