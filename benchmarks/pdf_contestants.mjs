// The Node side of `make bench-pdf`: one contestant per process, told by JSON lines on stdin what to do.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

const [, , folder, who] = process.argv;
const installed = createRequire(join(folder, "package.json"));
const PASSPHRASE = "bench";
const held = new Map();

async function signpdf() {
	const { default: signer } = installed("@signpdf/signpdf");
	const { P12Signer } = installed("@signpdf/signer-p12");
	const { plainAddPlaceholder } = installed("@signpdf/placeholder-plain");
	return async (source, target, key) => {
		if (!held.has(key)) held.set(key, readFileSync(key));
		// Its signer can be used once only.
		const once = new P12Signer(held.get(key), { passphrase: PASSPHRASE });
		const details = { reason: "Benchmark", contactInfo: "", name: "", location: "" };
		const pdfBuffer = plainAddPlaceholder({ pdfBuffer: readFileSync(source), ...details });
		writeFileSync(target, await signer.sign(pdfBuffer, once));
	};
}

async function libpdf() {
	const { PDF, P12Signer } = await import(join(folder, "node_modules/@libpdf/core/dist/index.mjs"));
	return async (source, target, key) => {
		if (!held.has(key)) held.set(key, await P12Signer.create(readFileSync(key), PASSPHRASE));
		const pdf = await PDF.load(readFileSync(source));
		const { bytes } = await pdf.sign({ signer: held.get(key), reason: "Benchmark" });
		writeFileSync(target, bytes);
	};
}

const sign = await (who === "@signpdf/signpdf" ? signpdf() : libpdf());
for await (const line of createInterface({ input: process.stdin })) {
	const { source, target, key } = JSON.parse(line);
	writeFileSync("/proc/self/clear_refs", "5");
	let answer;
	try {
		const began = performance.now();
		await sign(source, target, key);
		const ms = performance.now() - began;
		const peak = readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s*(\d+)/)[1];
		answer = { ms, rss_mb: Number(peak) / 1024 };
	} catch (error) {
		answer = { error: `${error.name}: ${error.message}`.slice(0, 100) };
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}
