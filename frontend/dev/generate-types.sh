#!/bin/sh
# Writes src/api/schema.d.ts from the server's OpenAPI: the shapes of all bodies (paths are written in the client's calls).
set -eu
cd "$(dirname "$0")/../.."
.venv/bin/python -c '
import json
from backend.app import create_app
print(json.dumps(create_app().openapi() | {"paths": {}}))
' | (cd frontend && npx openapi-typescript --output src/api/schema.d.ts)
