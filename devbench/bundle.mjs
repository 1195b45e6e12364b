// Bundles every *.bundle.{js,ts,scss,css} of the apps, as `bench build` does.
//   node bundle.mjs SITES_FOLDER APP=PACKAGE_FOLDER ...      (first app: the framework)
// The packages come from the node_modules folder beside the framework's package.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [sites, ...pairs] = process.argv.slice(2);
const apps = pairs.map((pair) => pair.split("="));
const framework = path.dirname(apps[0][1]);
const modules = path.join(framework, "node_modules");
const require = createRequire(path.join(modules, "here.js"));
const esbuild = require("esbuild");
const sass = require("sass");
const vue = require("@vue/compiler-sfc");
const roots = apps.map(([, folder]) => path.dirname(folder));
const assets = path.join(sites, "assets");
const only = (process.env.BUNDLE_APPS || "").split(",").filter(Boolean);

const first = (candidates) => candidates.find((name) => fs.existsSync(name) && fs.statSync(name).isFile());

// SCSS: "~package/file" is in node_modules, "app/public/file" in that app; url() stays as it is written.
const importers = [
	{
		findFileUrl(url) {
			const name = url.replace(/^~/, "");
			const bases = url.startsWith("~") ? [modules] : [...roots, modules];
			for (const base of bases) {
				const whole = path.join(base, name.replace("frappe/public/node_modules/", "../node_modules/"));
				const target = name.includes("/node_modules/")
					? path.join(modules, name.split("/node_modules/")[1])
					: whole;
				const folder = path.dirname(target);
				const stem = path.basename(target);
				const hit = first(
					["", ".scss", ".css", "/_index.scss", "/index.scss"].flatMap((end) => [
						path.join(folder, stem + end),
						path.join(folder, "_" + stem + end),
					]),
				);
				if (hit) return pathToFileURL(hit);
			}
			return null;
		},
	},
];
const quiet = { warn() {}, debug() {} };
const compile = (options) =>
	options.data !== undefined
		? sass.compileString(options.data, { url: pathToFileURL(options.file), importers, logger: quiet }).css
		: sass.compile(options.file, { importers, logger: quiet }).css;

const styles = {
	name: "scss",
	setup(build) {
		build.onLoad({ filter: /\.scss$/ }, ({ path: file }) => ({
			contents: compile({ file }),
			loader: "css",
			resolveDir: path.dirname(file),
		}));
		build.onResolve({ filter: /.*/ }, ({ kind }) => (kind === "url-token" ? { external: true } : undefined));
	},
};

// A file named by its path inside a package, even where the package's "exports" do not list it.
const paths = {
	name: "paths",
	setup(build) {
		build.onResolve({ filter: /^@?[\w.-]+\/.+/ }, ({ path: name }) => {
			const inside = name.replace(/^frappe\/public\/node_modules\//, "");
			const hit = first(["", ".js", ".css"].map((end) => path.join(modules, inside + end)));
			return hit ? { path: hit } : undefined;
		});
	},
};

// A .html file becomes the client-side template of its name: a template literal, as the framework's own templates expect
// by the backslashes in them.
const templates = {
	name: "html",
	setup(build) {
		build.onLoad({ filter: /\.html$/ }, ({ path: file }) => ({
			contents: `frappe.templates[${JSON.stringify(path.basename(file).split(".")[0])}] = \`${fs
				.readFileSync(file, "utf8")
				.replaceAll("`", "\\`")}\`;`,
			loader: "js",
		}));
	},
};

// Single-file components; their styles travel in the script, since a bundle is loaded as one file.
const components = {
	name: "vue",
	setup(build) {
		build.onLoad({ filter: /\.vue$/ }, async ({ path: file }) => {
			const source = fs.readFileSync(file, "utf8");
			const { descriptor } = vue.parse(source, { filename: file });
			const id = "data-v-" + Buffer.from(path.relative(framework, file)).toString("hex").slice(-12);
			const scoped = descriptor.styles.some((style) => style.scoped);
			const bindings = {};
			let script = "const component = {};";
			if (descriptor.script || descriptor.scriptSetup) {
				const compiled = vue.compileScript(descriptor, {
					id,
					inlineTemplate: Boolean(descriptor.scriptSetup),
					templateOptions: { scoped, id, compilerOptions: { scopeId: scoped ? id : undefined } },
				});
				script = vue.rewriteDefault(compiled.content, "component");
				Object.assign(bindings, compiled.bindings);
			}
			if (descriptor.template && !descriptor.scriptSetup) {
				const { code } = vue.compileTemplate({
					source: descriptor.template.content,
					filename: file,
					id,
					scoped,
					compilerOptions: { scopeId: scoped ? id : undefined, bindingMetadata: bindings },
				});
				script += "\n" + code.replace("export function render", "function render") + "\ncomponent.render = render;";
			}
			let css = "";
			for (const style of descriptor.styles) {
				const content =
					style.lang === "scss" ? compile({ data: style.content, file }) : inlineImports(style.content);
				css += vue.compileStyle({ source: content, filename: file, id, scoped: style.scoped }).code;
			}
			if (scoped) script += `\ncomponent.__scopeId = ${JSON.stringify(id)};`;
			if (css) {
				script += `\n{ const s = document.createElement("style"); s.textContent = ${JSON.stringify(css)}; document.head.append(s); }`;
			}
			return { contents: script + "\nexport default component;", loader: "js", resolveDir: path.dirname(file) };
		});
	},
};
const inlineImports = (css) =>
	css.replace(/@import\s+["']([^"']+)["'];/g, (_, name) => fs.readFileSync(path.join(modules, name), "utf8"));

function bundles(folder) {
	if (!fs.existsSync(folder)) return [];
	return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const full = path.join(folder, entry.name);
		if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : bundles(full);
		return /\.bundle\.(js|ts|scss|css)$/.test(entry.name) ? [full] : [];
	});
}

const scripts = {};
const sheets = {};
for (const [app, folder] of apps) {
	if (only.length && !only.includes(app)) continue;
	for (const file of bundles(path.join(folder, "public"))) {
		const stem = path.basename(file).replace(/\.\w+$/, "");
		if (/css$/.test(file)) sheets[`${app}/dist/css/${stem}`] = file;
		else scripts[`${app}/dist/js/${stem}`] = file;
	}
}

const common = {
	entryNames: "[dir]/[name].[hash]",
	outdir: assets,
	absWorkingDir: sites,
	bundle: true,
	metafile: true,
	minify: true,
	target: ["es2020"],
	nodePaths: [modules, ...roots],
	logLevel: "error",
	preserveSymlinks: false,
};
const results = await Promise.all([
	esbuild.build({
		...common,
		entryPoints: scripts,
		plugins: [paths, templates, components, styles],
		loader: { ".woff": "file", ".woff2": "file", ".ttf": "file", ".eot": "file", ".svg": "file", ".png": "file" },
		define: {
			"process.env.NODE_ENV": '"production"',
			__VUE_OPTIONS_API__: "true",
			__VUE_PROD_DEVTOOLS__: "false",
			__VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
		},
	}),
	esbuild.build({ ...common, entryPoints: sheets, plugins: [paths, styles] }),
]);

const file = path.join(assets, "assets.json");
const map = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
for (const name of Object.keys(map)) {
	if (!only.length || only.includes(map[name].split("/")[2])) delete map[name];
}
for (const { metafile } of results) {
	for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
		if (!entryPoint) continue;
		const key = path.basename(entryPoint).replace(/\.ts$/, ".js").replace(/\.scss$/, ".css");
		map[key] = "/" + path.relative(sites, path.resolve(sites, output));
	}
}
fs.writeFileSync(file + ".part", JSON.stringify(map, null, 1));
fs.renameSync(file + ".part", file);
console.log(`${Object.keys(scripts).length} scripts, ${Object.keys(sheets).length} style sheets`);
