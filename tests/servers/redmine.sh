#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# redmine.sh start DIR | stop DIR: Redmine 5 on SQLite, with two private projects, a custom field and users
. "$(dirname "$0")/common.sh"

# Debian's ruby brings a second bundler that does not see Debian's gems; this is the one that does.
bundler=$(ls -d /usr/share/rubygems-integration/all/gems/bundler-* 2>/dev/null | tail -n 1)
[ -z "$bundler" ] || export BUNDLER_VERSION="${bundler##*-}"

write_instance() {
        mkdir -p "$dir"/inst/{config,log,files,tmp,public/plugin_assets}
        head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/inst/config/secret_key.txt"
        cat >"$dir/inst/config/database.yml" <<END
production:
  adapter: sqlite3
  database: $dir/redmine.sqlite3
  encoding: utf8
  timeout: 10000
END
        cat >"$dir/seed.rb" <<'END'
ActiveRecord::Base.connection.execute('PRAGMA journal_mode=WAL')
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
admin = User.find_by_login('admin')
admin.must_change_passwd = false
admin.save!(validate: false)
ada = User.new(firstname: 'Ada', lastname: 'Lovelace', mail: 'ada@example.test')
ada.login = 'ada'
ada.random_password
ada.save!
weak = User.new(firstname: 'Power', lastname: 'Less', mail: 'p@example.test')
weak.login = 'powerless'
weak.random_password
weak.save!
%w[kaname other].each do |name|
  project = Project.create!(name: name.capitalize, identifier: name, is_public: false, tracker_ids: Tracker.ids)
  Member.create!(project: project, principal: ada, roles: [Role.find_by_name('Developer')])
end
field = IssueCustomField.new(name: 'Ref No', field_format: 'string', is_for_all: true, visible: true)
field.tracker_ids = Tracker.ids
field.save!
puts admin.api_key, weak.api_key
END
}

prepare() {
        rm -f "$dir"/redmine.sqlite3*
        cd /usr/share/redmine
        bin/rake db:migrate >"$dir/migrate.log" 2>&1 &&
                bin/rails runner "$dir/seed.rb" >"$dir/keys" 2>"$dir/seed.log"
}

ask() { curl -sf -m 5 -H "X-Redmine-API-Key: $key" "http://127.0.0.1:$port$1"; }

launch() {
        read -r port <<<"$(free_ports 1)"
        [ -s "$dir/keys" ] || (prepare) || return 1
        key=$(sed -n 1p "$dir/keys")
        cd /usr/share/redmine
        spawn "$dir" redmine puma -b "tcp://127.0.0.1:$port" -t 1:3 -w 0 -e production --dir /usr/share/redmine config.ru
        until_true 30 ask /my/account.json || { reap "$dir" redmine; return 1; }
}

case ${1:-} in
start)
        need puma ruby curl sqlite3
        [ -d /usr/share/redmine ] || die "needs redmine, which is not installed"
        dir=$(scratch "${2:-}")
        export REDMINE_INSTANCE=../../../../../..$dir/inst RAILS_ENV=production REDMINE_LANG=en
        rm -f "$dir/keys"
        write_instance
        try_start launch || { tail -n 5 "$dir"/*.log >&2; die "redmine did not start, see $dir/redmine.log"; }
        cat <<END
REDMINE_URL=http://127.0.0.1:$port
REDMINE_API_KEY=$key
REDMINE_POWERLESS_KEY=$(sed -n 2p "$dir/keys")
REDMINE_DB=$dir/redmine.sqlite3
REDMINE_PID=$(cat "$dir/redmine.pid")
END
        ;;
stop)
        reap "$(scratch "${2:-}")" redmine
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
