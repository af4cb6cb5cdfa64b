#!/bin/sh
# Writes src/api/schema.d.ts (or the file named) from the server's OpenAPI: the shapes of all bodies (paths are written in
# the client's calls).  tests/architecture/test_schema.py holds the committed file against it.
set -eu
target=${1:-src/api/schema.d.ts}
cd "$(dirname "$0")/../.."
"${PYTHON:-.venv/bin/python}" -c '
import json
from backend.app import create_app
print(json.dumps(create_app().openapi() | {"paths": {}}))
' | (cd frontend && node_modules/.bin/openapi-typescript --output "$target")
