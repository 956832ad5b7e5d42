// SPDX-License-Identifier: Apache-2.0
// compare-srt.mjs FILE: the sandbox-runtime package as a program uses it that lives as long as an agent: started once, asked for each
// command. A line "SETTINGS FOLDER PROGRAM" on standard input: what runs the program in its sandbox, with the folder as the current one
// of the agent, goes to FILE. A line "end": what was made for the command is removed. Each is answered with a line.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SandboxManager } from '/opt/sandbox-runtime/node_modules/@anthropic-ai/sandbox-runtime/dist/index.js';

const settings = (file) => JSON.parse(readFileSync(file));

// It gives "which" a second to find a program, which is little under emulation.
async function patiently(action) {
	for (let left = 9; ; left--) {
		try {
			return await action();
		} catch (error) {
			if (left === 0 || !error.message.includes('not found'))
				throw error;
		}
	}
}

async function wrap(file, folder, program) {
	process.chdir(folder);
	writeFileSync(process.argv[2], await patiently(() => SandboxManager.wrapWithSandbox(program, 'bash', settings(file))));
	return 'wrapped';
}

await patiently(() => SandboxManager.initialize(settings(process.argv[3])));
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
	try {
		if (line === 'end') {
			SandboxManager.cleanupAfterCommand();
			console.log('ended');
		} else {
			console.log(await wrap(...line.split(' ')));
		}
	} catch (error) {
		console.log(`failed: ${error.message.replaceAll('\n', ' ')}`);
	}
}
