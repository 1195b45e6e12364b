// What runs in the browser is linted as such; build scripts as Node.
import js from "@eslint/js";
import globals from "globals";

const desk = {
	$: "readonly",
	__: "readonly",
	cint: "readonly",
	cstr: "readonly",
	cur_frm: "readonly",
	flt: "readonly",
	frappe: "readonly",
	locals: "readonly",
	moment: "readonly",
	open_url_post: "readonly",
	repl: "readonly",
	signflow: "writable",
};

const rules = {
	curly: ["error", "multi-line"],
	eqeqeq: ["error", "smart"],
	"no-console": ["error", { allow: ["warn", "error"] }],
	"no-eval": "error",
	"no-implied-eval": "error",
	"no-new-func": "error",
	"no-unused-vars": ["error", { args: "after-used", caughtErrors: "none" }],
	"no-var": "error",
	"prefer-const": "error",
};

export default [
	{
		ignores: [
			"**/node_modules/**",
			"**/dist/**",
			"**/*.bundle.min.js",
			"**/*.min.js",
			"signflow/public/pdfjs-*/**",
			".devbench/**",
			"demo/**",
		],
	},
	js.configs.recommended,
	{ linterOptions: { reportUnusedDisableDirectives: "error" } },
	{
		files: ["signflow/**/*.js", "devbench/apps/**/*.js"],
		languageOptions: { sourceType: "module", globals: { ...globals.browser, ...desk } },
		rules,
	},
	{
		files: ["**/*.mjs", "devbench/**/*.js", "scripts/**/*.js"],
		ignores: ["devbench/apps/**"],
		languageOptions: { sourceType: "module", globals: globals.node },
		rules: { ...rules, "no-console": "off" },
	},
	{
		files: ["**/*.cjs"],
		languageOptions: { sourceType: "commonjs", globals: globals.node },
		rules: { ...rules, "no-console": "off" },
	},
];
