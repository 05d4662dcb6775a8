#!/bin/sh
# Makes this host a scanner agent of a ScanMesh mesh. To read it first: curl -fsSL URL/join | less
#
#   curl -fsSL URL/join | sh -s TOKEN        joins; on a host that has joined it upgrades the agent, which keeps its key
#   curl -fsSL URL/join | sh                 upgrades the agent
#   curl -fsSL URL/join | sh -s -- OPTION    with --foreground, also before or after TOKEN
#
#   --foreground   runs the agent here until Ctrl-C, without a service
#   --package      as a package under systemd, also where Docker is
#   --unit         shows the systemd unit, and changes nothing
#   --uninstall    says goodbye to the mesh, and removes what this script has made, and nothing else
#
# Variables SCANMESH_… that are set for sh become settings of the agent. As root it goes to /opt/scanmesh, and its key to
# /var/lib/scanmesh-agent; without root all is in ~/.local/share/scanmesh.
set -eu
umask 022

# What this gateway gives.
#OFFER

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 2
}
has() { command -v "$1" >/dev/null 2>&1; }

main() {
  token='' foreground='' as_package='' action=join
  for word in "$@"; do
    case $word in
      --foreground) foreground=yes as_package=yes ;;
      --package) as_package=yes ;;
      --unit) action=unit ;;
      --uninstall) action=uninstall ;;
      -*) fail "There is no option $word: see the beginning of this script." ;;
      *) token=$word ;;
    esac
  done
  choose_places
  case $action in
    unit) print_unit ;;
    uninstall) uninstall ;;
    join)
      check_host
      if uses_docker; then join_with_docker; else join_with_package; fi
      ;;
  esac
}

# Where everything is, as root or without.
choose_places() {
  if [ "$(id -u)" = 0 ]; then
    home=/opt/scanmesh state=/var/lib/scanmesh-agent settings=/etc/scanmesh/agent.env
    unit=/etc/systemd/system/scanmesh-agent.service user=scanmesh wanted_by=multi-user.target
    manage() { systemctl "$@"; }
    as_agent() { setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"; }
  else
    home=${XDG_DATA_HOME:-$HOME/.local/share}/scanmesh settings=${XDG_CONFIG_HOME:-$HOME/.config}/scanmesh/agent.env
    unit=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/scanmesh-agent.service state=$home/state user='' wanted_by=default.target
    manage() { systemctl --user "$@"; }
    as_agent() { "$@"; }
  fi
  agent=$home/agent pid_file=$home/agent.pid
  container=scanmesh-agent${SCANMESH_AGENT_ID:+-$SCANMESH_AGENT_ID}
}

# What stands in $home.
OWN='agent agent.pid agent.log current releases state made-user'

has_systemd() { [ -d /run/systemd/system ] && has systemctl && manage show-environment >/dev/null 2>&1; }

check_host() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) here=linux-x64 ;;
    Linux-aarch64 | Linux-arm64) here=linux-arm64 ;;
    *) here=$(uname -s)-$(uname -m) ;;
  esac
  [ "$here" = "$platform" ] ||
    fail "This host is $here, and the gateway has the agent for $platform alone: join from a clone, by npm run agent -- join TOKEN."
  for program in curl tar gzip sha256sum base64 mktemp; do
    has "$program" || fail "This host has no $program, which this script needs: install it, and run the line again."
  done
  find_gateway
}

# The gateway's address is in the token, or with the agent's key.
find_gateway() {
  if [ -n "$token" ]; then
    case $token in smj1_*) ;; *) fail "This is not a join token, which begins with smj1_: copy the whole line that the mesh printed." ;; esac
    gateway=$(address_in "$token") || gateway=''
  else
    gateway=$(cat "$state"/identity/*/agent.json 2>/dev/null | sed -n 's/.*"gateway":"\([^"]*\)".*/\1/p' | head -n 1)
    [ -n "$gateway" ] || gateway=$(inspect_container '{{index .Config.Labels "scanmesh.gateway"}}')
    [ -n "$gateway" ] || fail "This host has not joined a mesh yet: the line needs a token, which npm run hosts -- token makes."
  fi
  case $gateway in
    *[!][A-Za-z0-9.:/_~%-]* | '') fail "Characters of the join token are missing or changed: copy the whole line that the mesh printed." ;;
  esac
}

# A token is base64url: whether TLS is spoken, the address, and 19 bytes of secret and check.
address_in() {
  text=$(printf %s "${1#smj1_}" | tr -- -_ +/)
  while [ $((${#text} % 4)) != 0 ]; do text="$text="; done
  decode() { printf %s "$text" | base64 -d 2>/dev/null; }
  bytes=$(decode | wc -c)
  [ "$bytes" -gt 20 ] || return 1
  case $(decode | head -c 1 | tr '\000\001' sp) in s) printf https:// ;; p) printf http:// ;; *) return 1 ;; esac
  decode | head -c $((bytes - 19)) | tail -c +2 | tr -d '\000'
}

# Fetches a file and compares it with what the gateway has said of it.
fetch() {
  say "Fetching the agent from $gateway"
  # shellcheck disable=SC2086
  curl -fsSL --retry 60 --retry-max-time 900 $curl_options "$gateway/join/$1" -o "$3" || fail "The agent cannot be fetched from $gateway: run the line again."
  printf '%s  %s\n' "$2" "$3" | sha256sum -c - >/dev/null 2>&1 ||
    fail "What came from $gateway is not what it has announced: run the line again."
}

make_temporary() {
  mkdir -p "$1"
  temporary=$(mktemp -d "$1/.new-XXXXXX")
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 130' INT TERM
}

# With Docker: the image from the gateway, which then starts the agent's container by itself.

# What Docker says of the agent's container, also where it was being replaced and that was cut short; nothing if there is none.
inspect_container() {
  for name in "$container" "$container-before"; do
    if shown=$(docker container inspect --format "$1" "$name" 2>/dev/null); then
      say "$shown"
      return
    fi
  done
}

uses_docker() {
  [ -z "$as_package" ] && [ ! -e "$agent" ] && has docker && docker info >/dev/null 2>&1 || return 1
  [ -n "$image" ] || [ -z "$(inspect_container '{{.Id}}')" ] ||
    fail "The agent of this host runs in Docker, and the gateway has no image: set its SCANMESH_AGENT_IMAGE_FILE."
  [ -n "$image" ]
}

join_with_docker() {
  make_temporary "${TMPDIR:-/tmp}"
  fetch "$image" "$image_sha256" "$temporary/image"
  loaded=$(docker load --quiet --input "$temporary/image" | sed -n 's/^Loaded image\( ID\)\{0,1\}: //p' | tail -n 1)
  [ -n "$loaded" ] || fail "Docker has not loaded the agent's image."
  set -- --rm --volume "$(docker_socket):/var/run/docker.sock"
  for name in $(given_settings); do set -- "$@" --env "$name"; done
  # shellcheck disable=SC2086
  docker run "$@" "$loaded" join $token
}

docker_socket() {
  case ${DOCKER_HOST:-} in unix://*) say "${DOCKER_HOST#unix://}" ;; *) say /var/run/docker.sock ;; esac
}

# Without Docker: a package with its own Node.

join_with_package() {
  has_key || [ -n "$token" ] || fail "This host has not joined a mesh yet: the line needs a token, which npm run hosts -- token makes."
  [ -n "$package_sha256" ] || fail "$package_problem"
  check_home
  make_user
  install_release
  write_agent
  keep_settings
  prepare_state
  if [ -n "$token" ]; then as_agent "$agent" enlist "$token" || exit $?; fi
  if [ -n "$foreground" ]; then
    stop_background
    ! has_systemd || ! manage is-active --quiet scanmesh-agent || fail "The agent runs as a service: systemctl stop scanmesh-agent ends it."
    remove_old_releases
    rm -rf "$temporary"
    run_agent
  fi
  if has_systemd; then start_service; else start_background; fi
  remove_old_releases
}

has_key() { ls "$state"/identity/*/agent.json >/dev/null 2>&1; }

# Whatever else is there, such as a clone of ScanMesh, belongs to somebody.
check_home() {
  for entry in $(ls -A "$home" 2>/dev/null); do
    case " $OWN " in
      *" $entry "*) ;;
      *) fail "$home holds something else ($entry): move it away, and run the line again." ;;
    esac
  done
}

make_user() {
  [ -n "$user" ] || return 0
  has setpriv || fail "This host has no setpriv, which this script needs: install util-linux, and run the line again."
  ! id "$user" >/dev/null 2>&1 || return 0
  useradd --system --user-group --no-create-home --home-dir "$state" --shell /usr/sbin/nologin "$user" ||
    fail "The user $user, as whom the agent is to run, cannot be made: make it, and run the line again."
  mkdir -p "$home"
  : >"$home/made-user"
}

install_release() {
  release=$home/releases/$package_sha256
  make_temporary "$home/releases"
  if [ ! -d "$release" ]; then
    fetch "$package" "$package_sha256" "$temporary/package"
    mkdir "$temporary/release"
    tar -xzof "$temporary/package" -C "$temporary/release" || fail "The package cannot be unpacked in $home: is the disk full?"
    "$temporary/release/bin/node" --version >/dev/null 2>&1 ||
      fail "The gateway's Node does not run on this host, which needs a glibc and a libstdc++ as new as the gateway's: use Docker."
    mv "$temporary/release" "$release"
  fi
  ln -s "releases/$package_sha256" "$temporary/current"
  mv -Tf "$temporary/current" "$home/current"
}

# What the service runs.
write_agent() {
  cat >"$temporary/agent" <<END
#!/bin/sh
# Runs the agent of this host. Settings are in $settings.
export SCANMESH_IDENTITY='$state/identity' SCANMESH_SPOOL='$state/spool'
set -a
[ ! -r '$settings' ] || . '$settings'
exec '$home/current/bin/node' '$home/current/dist/scanner-agent/main.js' "\$@"
END
  chmod 755 "$temporary/agent"
  mv -f "$temporary/agent" "$agent"
}

# Names of the agent's settings that are set for this script.
given_settings() { env | sed -n 's/^\(SCANMESH_[A-Z_]*\)=.*/\1/p'; }

keep_settings() {
  for name in $(given_settings); do
    mkdir -p "$(dirname "$settings")"
    { [ ! -e "$settings" ] || sed "/^$name=/d" "$settings"; } >"$temporary/settings"
    printf "%s='%s'\n" "$name" "$(printenv "$name" | sed "s/'/'\\\\''/g")" >>"$temporary/settings"
    # Before the others: what a setting is may be a secret.
    chmod 600 "$temporary/settings"
    [ -z "$user" ] || chown "$user:$user" "$temporary/settings"
    mv -f "$temporary/settings" "$settings"
  done
}

prepare_state() {
  mkdir -p "$state"
  chmod 700 "$state"
  [ -z "$user" ] || chown "$user:$user" "$state"
}

# The service's ExecStart as its user, by the program that is named or directly.
run_agent() {
  cd /
  if [ -n "$user" ]; then exec "$@" setpriv --reuid="$user" --regid="$user" --clear-groups -- "$agent"; else exec "$@" "$agent"; fi
}

# Engines are fenced by user namespaces with a /proc of their own, which the kernel refuses where parts of /proc are hidden. So
# RestrictNamespaces, ProtectKernelTunables, ProtectKernelLogs and ProtectProc are left out. Node makes code at run time.
print_unit() {
  cat <<END
[Unit]
Description=ScanMesh agent
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=$agent
${user:+User=$user
Group=$user
}Restart=always
RestartSec=5
# What starting again does not mend.
RestartPreventExitStatus=2
# It finishes what it scans, or hands it back.
TimeoutStopSec=45
KillMode=mixed
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
${user:+CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=$state
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelModules=yes
}
[Install]
WantedBy=$wanted_by
END
}

start_service() {
  stop_background
  mkdir -p "$(dirname "$unit")"
  print_unit >"$unit"
  manage daemon-reload
  manage enable --quiet scanmesh-agent
  manage restart scanmesh-agent
  if [ -z "$user" ]; then loginctl enable-linger || say "The agent ends when you log out: loginctl enable-linger keeps it."; fi
  say "The agent runs as the service scanmesh-agent: journalctl ${user:---user }-u scanmesh-agent shows its log."
}

# Without systemd.
start_background() {
  stop_background
  log=$home/agent.log
  (keep_agent) </dev/null >>"$log" 2>&1 &
  while [ ! -s "$pid_file" ]; do sleep 0.1; done
  say "The agent runs in the background, and writes to $log. This host has no systemd: when it starts anew, the line starts the agent."
}

# Started again where the mesh wants that: then it ends with the status 75. Without its file it is to stay away.
keep_agent() {
  trap '' HUP
  until
    (run_agent setsid) &
    echo $! >"$pid_file"
    status=0
    wait $! || status=$?
    [ "$status" != 75 ] || [ "$(cat "$pid_file" 2>/dev/null)" != $! ]
  do :; done
}

stop_background() {
  pid=$(cat "$pid_file" 2>/dev/null) || return 0
  rm -f "$pid_file"
  seconds=0
  while is_agent "$pid" && [ $seconds -lt 45 ]; do
    [ $seconds != 0 ] || kill -TERM "$pid"
    sleep 1
    seconds=$((seconds + 1))
  done
  ! is_agent "$pid" || kill -KILL "$pid"
}

# Another process may have the number by now.
is_agent() { case $(readlink "/proc/$1/exe") in "$home"/releases/*) return 0 ;; *) return 1 ;; esac; }

remove_old_releases() {
  for old in "$home"/releases/*; do [ "$old" = "$release" ] || rm -rf "$old"; done
}

uninstall() {
  found=''
  its_image=$(inspect_container '{{.Image}}')
  if [ -n "$its_image" ]; then
    found=yes
    set -- --rm --volume "$(docker_socket):/var/run/docker.sock"
    for name in $(given_settings); do set -- "$@" --env "$name"; done
    docker run "$@" "$its_image" leave || say "Docker has not removed the container $container."
  fi
  if [ -e "$agent" ] || [ -e "$unit" ] || has_key; then found=yes; fi
  [ -n "$found" ] || fail "This user has no agent here. What root has installed is removed by root; a container is found by its SCANMESH_AGENT_ID."
  if [ -e "$unit" ]; then
    manage disable --now --quiet scanmesh-agent || :
    rm -f "$unit"
    manage daemon-reload || :
  fi
  stop_background
  if has_key; then as_agent "$agent" leave || say "The key is removed all the same."; fi
  if [ -e "$home/made-user" ]; then userdel "$user" 2>/dev/null || :; fi
  for entry in $OWN; do rm -rf "${home:?}/$entry"; done
  rm -rf "$state" "$settings"
  rmdir "$home" "$(dirname "$settings")" 2>/dev/null || :
  say "ScanMesh's agent is removed from this host."
}

main "$@"
