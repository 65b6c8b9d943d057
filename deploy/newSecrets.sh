#!/bin/sh
# Makes the secrets that compose.yaml mounts, once: the key that seals states, and ClickHouse's passwords. Needs openssl.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
if [ -e "$folder/earshot.secret" ]; then
  echo "$folder has them already; nothing is changed"
  exit 0
fi
mkdir -p "$folder"
chmod 700 "$folder"
# The folder is closed to others; the files are open, since in the containers they are read by other users.
umask 022
fresh() { openssl rand -hex 24; }
hashed() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
writer="$(fresh)"
reader="$(fresh)"
printf %s "$writer" > "$folder/clickhouse.password"
printf %s "$reader" > "$folder/clickhouse-reader.password"
fresh > "$folder/grafana.password"
cat > "$folder/clickhouse-users.xml" <<XML
<clickhouse>
    <users>
        <earshot><password_sha256_hex>$(hashed "$writer")</password_sha256_hex></earshot>
        <earshot_reader><password_sha256_hex>$(hashed "$reader")</password_sha256_hex></earshot_reader>
    </users>
</clickhouse>
XML
# Last, for it says that the others are there.
openssl rand -base64 32 > "$folder/earshot.secret"
echo "made in $folder"
