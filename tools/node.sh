# Sourced, not run: sets SKIFF_NODE to the Node that the project brings, after fetching the project's npm
# packages if they are missing or older than the lock file. Needs nothing but sh and npm.
case "$(uname -s)" in
  Linux) ;;
  *) echo "skiff: needs Linux (this is $(uname -s)). Run it in a Linux virtual machine or on a Linux server." >&2; exit 1 ;;
esac
case "$(uname -m)" in
  x86_64) skiff_arch=x64 ;;
  aarch64) skiff_arch=arm64 ;;
  *) echo "skiff: no Node build for $(uname -m); x86_64 and aarch64 are supported." >&2; exit 1 ;;
esac
SKIFF_NODE="$root/node_modules/node-linux-$skiff_arch/bin/node"
skiff_stamp="$root/node_modules/.skiff-installed"
if [ ! -x "$SKIFF_NODE" ] || ! cmp -s "$root/package-lock.json" "$skiff_stamp"; then
  case " $* " in
    *" --offline "*)
      echo "skiff: npm packages are missing and --offline was given. Run 'npm install --no-save --ignore-scripts' in $root while online, then try again." >&2
      exit 1 ;;
  esac
  if ! command -v npm >/dev/null 2>&1; then
    echo "skiff: npm is not on PATH. Install Node.js 20 or newer with npm, then try again." >&2
    exit 1
  fi
  echo "· npm packages: fetching what package-lock.json names (Node 24 is among them)" >&2
  # Not `npm ci`: it refuses a lock file when a registry lacks an optional package of another platform.
  if ! (cd "$root" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
    echo "skiff: npm could not fetch the packages. Check the network or npm's registry setting, then run the same command again." >&2
    exit 1
  fi
  if [ ! -x "$SKIFF_NODE" ]; then
    echo "skiff: the packages came without $SKIFF_NODE. Remove node_modules and npm's 'omit=optional' setting, then try again." >&2
    exit 1
  fi
  cp "$root/package-lock.json" "$skiff_stamp"
fi
export SKIFF_NODE
