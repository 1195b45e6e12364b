// Copies pdf.js to signflow/public/pdfjs-<version>/ as it is: `bench build` calls this as the app's build script.
// The legacy build runs on older phones; .mjs becomes .js, since web servers may know no type for .mjs.

import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
const to = join(root, "signflow", "public", `pdfjs-${version}`);

await rm(to, { recursive: true, force: true });
await mkdir(to, { recursive: true });
await cp(join(from, "legacy/build/pdf.min.mjs"), join(to, "pdf.js"));
await cp(join(from, "legacy/build/pdf.worker.min.mjs"), join(to, "pdf.worker.js"));
for (const part of ["cmaps", "standard_fonts", "LICENSE"]) {
	await cp(join(from, part), join(to, part), { recursive: true });
}
console.log(`pdf.js ${version} copied`);
