#!/bin/sh
# Makes the two secrets of the Compose file, once; keep them: pseudonyms made with another key are other customers.
# The folder is closed to others; the files in it are open, because each container reads them as another user.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in postgres_password pseudonym_key; do
  [ -s "secrets/$name" ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "secrets/$name"
  chmod 444 "secrets/$name"
done
