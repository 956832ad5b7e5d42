# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What npm and pip install in the suites, as files that any web server serves. Source it after suite.sh.

# npm_package FOLDER URL: the package add-two, for a registry of that folder. Its archive is fetched from below the URL.
npm_package() {
	mkdir -p "$SCRATCH/npm/package"
	echo 'module.exports = (a, b) => a + b;' >"$SCRATCH/npm/package/index.js"
	echo '{ "name": "add-two", "version": "1.0.0", "main": "index.js", "scripts": { "postinstall": "node -e 1" } }' >"$SCRATCH/npm/package/package.json"
	tar -C "$SCRATCH/npm" -czf "$1/add-two.tgz" package
	jq -n --arg url "$2/add-two.tgz" '{ name: "add-two", "dist-tags": { latest: "1.0.0" },
		versions: { "1.0.0": { name: "add-two", version: "1.0.0", main: "index.js", hasInstallScript: true, dist: { tarball: $url } } } }' >"$1/add-two"
}

# wheel FOLDER: the wheel greeting, there.
wheel() {
	python3 - "$1" <<-'END'
		import sys, zipfile
		with zipfile.ZipFile(sys.argv[1] + "/greeting-1.0-py3-none-any.whl", "w") as z:
		    z.writestr("greeting.py", "def text(): return 'hello'\n")
		    z.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
		    z.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: none\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
		    z.writestr("greeting-1.0.dist-info/RECORD", "greeting.py,,\ngreeting-1.0.dist-info/METADATA,,\ngreeting-1.0.dist-info/WHEEL,,\ngreeting-1.0.dist-info/RECORD,,\n")
	END
}
