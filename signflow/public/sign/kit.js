// What every page needs: its texts, a store for this tab, dates, and small ways to touch the document.

const texts = JSON.parse(document.getElementById("texts").textContent);
export const lang = document.documentElement.lang || "en";

export const $ = (id) => document.getElementById(id);

/** The text `key`, with `{name}` filled in from `values`. */
export function t(key, values = {}) {
	const text = texts[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text for one or for many: `key_one` or `key_many`. */
export const count = (key, number) => t(`${key}_${number === 1 ? "one" : "many"}`, { count: number });

/** A new element. Children are elements or texts; nothing is ever parsed as HTML. */
export function el(tag, properties = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (value === null || value === undefined || value === false) continue;
		if (name === "onclick") node.addEventListener("click", value);
		else node.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
	}
	node.append(...children.filter((child) => child || child === 0));
	return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name, className = "icon") {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("class", className);
	svg.setAttribute("aria-hidden", "true");
	const use = document.createElementNS(SVG, "use");
	use.setAttribute("href", `#i-${name}`);
	svg.append(use);
	return svg;
}

export function show(node, wanted = true) {
	node.hidden = !wanted;
	return node;
}

export function fill(node, ...children) {
	node.replaceChildren(...children.filter(Boolean));
	return node;
}

/** Rows of a <dl>, leaving out what has no value. */
export function fillList(node, rows) {
	fill(
		node,
		...rows
			.filter(([, value]) => value)
			.map(([term, value, className]) =>
				el("div", {}, el("dt", {}, term), el("dd", { className: className || null }, value))
			)
	);
	return show(node, node.children.length > 0);
}

/** Says `text` to a screen reader without moving the focus. */
export function announce(text) {
	const region = $("status");
	region.textContent = "";
	setTimeout(() => (region.textContent = text), 60);
}

/** Shows or clears a problem beside `field` (or alone), and tells assistive technology. */
export function problem(node, text, field = null, again = null) {
	const button = again && el("button", { type: "button", className: "button small", onclick: again }, t("try_again"));
	fill(node, ...(text ? [icon("warn"), el("span", {}, text), button] : []));
	if (!field) return;
	if (text) field.setAttribute("aria-invalid", "true");
	else field.removeAttribute("aria-invalid");
}

/** The bar lies over the page's end on a phone: the page ends above it, and focus is never hidden under it. */
export function watch_bars() {
	if (!window.ResizeObserver) return;
	const root = document.documentElement;
	const bars = [...document.querySelectorAll(".bar")];
	const watch = new ResizeObserver(() => {
		const highest = (some) => Math.max(0, ...some.map((bar) => bar.offsetHeight));
		root.classList.toggle("tall-bar", highest(bars) > window.innerHeight * 0.3);
		const over = bars.filter((bar) => getComputedStyle(bar).position !== "static");
		root.style.setProperty("--bar", `${highest(over)}px`);
	});
	bars.forEach((bar) => watch.observe(bar));
}

/** Runs `work` once at a time for `button`, which keeps its focus and says that it is busy. */
export async function busy(button, work, label = null) {
	if (button.getAttribute("aria-disabled") === "true") return;
	const before = [...button.childNodes];
	button.setAttribute("aria-disabled", "true");
	button.style.setProperty("min-width", `${button.offsetWidth}px`);
	fill(button, el("span", { className: "spinner", "aria-hidden": "true" }), el("span", {}, label || t("wait")));
	try {
		await work();
	} finally {
		button.removeAttribute("aria-disabled");
		if (button.querySelector(".spinner")) fill(button, ...before);
		button.style.removeProperty("min-width");
	}
}

/** Server times are ISO 8601; without an offset they are taken as they stand. */
function parse(value) {
	const text = String(value).trim().replace(" ", "T").replace(/(\.\d{3})\d+/, "$1");
	const dayOnly = /^\d{4}-\d{2}-\d{2}$/.test(text);
	const time = new Date(dayOnly ? `${text}T12:00` : text);
	return { time, dayOnly, has_offset: /(Z|[+-]\d{2}:?\d{2})$/.test(text) && !dayOnly, sound: !isNaN(time) };
}

const zone = document.documentElement.dataset.zone;
const locale = { en: "en-GB", fi: "fi-FI", sv: "sv-FI" }[lang] || lang;

/** Days are the house's, as its mails and deadlines have them, wherever the reader is. */
export function day(value) {
	if (!value) return "";
	const { time, sound, has_offset } = parse(value);
	if (!sound) return String(value);
	const parts = { day: "numeric", month: "long", year: "numeric" };
	return new Intl.DateTimeFormat(locale, { ...parts, ...(has_offset && zone && { timeZone: zone }) }).format(time);
}

export function moment(value) {
	if (!value) return "";
	const { time, dayOnly, sound } = parse(value);
	if (!sound) return String(value);
	if (dayOnly) return day(value);
	const parts = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
	return new Intl.DateTimeFormat(locale, parts).format(time);
}

export function size(bytes) {
	const [value, unit] = bytes < 1e6 ? [Math.max(1, Math.round(bytes / 1e3)), "kB"] : [(bytes / 1e6).toFixed(1), "MB"];
	return `${new Intl.NumberFormat(locale).format(value)} ${unit}`;
}

/** Hexadecimal in groups that can be read aloud. */
export const grouped = (hex) =>
	String(hex || "")
		.replace(/[^0-9a-f]/gi, "")
		.toUpperCase()
		.replace(/(.{4})(?=.)/g, "$1 ");

/** SHA-256 as lower-case hex, or null where the browser offers none (plain http). */
export async function sha256(bytes) {
	if (!window.crypto?.subtle) return null;
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same key (32 hex digits) for every try of one `statement`, so that a lost answer never makes two; `name` keeps it. */
export function once_key(name, statement) {
	const text = JSON.stringify(statement);
	const kept = store.get(name);
	if (kept?.text === text) return kept.key;
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	store.set(name, { text, key });
	return key;
}

/** Hands `bytes` to the browser as a file of a kind ("pdf", "zip"). */
export function save(bytes, title, kind = "pdf") {
	const url = URL.createObjectURL(new Blob([bytes], { type: `application/${kind}` }));
	const name = title.replace(/[\\/:*?"<>|]+/g, " ").trim().slice(0, 120) || "document";
	const link = document.createElement("a");
	link.href = url;
	link.download = name.toLowerCase().endsWith(`.${kind}`) ? name : `${name}.${kind}`;
	document.body.append(link);
	link.click();
	link.remove();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// Kept for this tab only, and only in memory where the browser forbids even that.
const memory = new Map();

export const store = {
	get(key) {
		try {
			return JSON.parse(sessionStorage.getItem(`signflow.${key}`)) ?? memory.get(key) ?? null;
		} catch {
			return memory.get(key) ?? null;
		}
	},
	set(key, value) {
		memory.set(key, value);
		try {
			sessionStorage.setItem(`signflow.${key}`, JSON.stringify(value));
		} catch {
			// Memory has it; only a reload would lose it.
		}
	},
	clear() {
		memory.clear();
		try {
			const ours = Object.keys(sessionStorage).filter((key) => key.startsWith("signflow."));
			ours.forEach((key) => sessionStorage.removeItem(key));
		} catch {
			// Nothing was stored.
		}
	},
};

/** What is typed into `field` outlives a reload (a change of language, a call on the phone). */
export function keep(field, key = field.id) {
	const kept = store.get(`typed.${key}`);
	const isBox = field.type === "checkbox";
	if (kept !== null) field[isBox ? "checked" : "value"] = kept;
	const save = () => store.set(`typed.${key}`, isBox ? field.checked : field.value);
	field.addEventListener("input", save);
	field.addEventListener("change", save);
	return kept !== null;
}

/** A failure told to the reader: `code` for the script, `text` in her language. */
export class Failure extends Error {
	constructor(code, text, details = {}) {
		super(text);
		this.code = code;
		this.text = text;
		this.details = details;
	}
}

/** POSTs and returns the response, or throws a Failure whose text may be shown as it is. */
export async function post(url, options, seconds = 30) {
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), seconds * 1000);
	try {
		const response = await fetch(url, {
			method: "POST",
			credentials: "omit",
			cache: "no-store",
			redirect: "error",
			signal: stop.signal,
			...options,
		});
		if (!response.ok) throw await failure(response);
		const kind = response.headers.get("Content-Type") || "";
		const isFile = /^application\/(pdf|zip|octet-stream)/.test(kind);
		return isFile ? await response.arrayBuffer() : (await response.json()).message;
	} catch (error) {
		if (error instanceof Failure) throw error;
		if (error.name === "AbortError") throw new Failure("slow", t("slow"));
		if (error instanceof SyntaxError) throw new Failure("server", t("server"));
		throw new Failure("offline", t("offline"));
	} finally {
		clearTimeout(timer);
	}
}

async function failure(response) {
	const answer = await response.json().catch(() => null);
	const told = answer?.message?.error;
	if (told?.code && told.text) return new Failure(told.code, told.text, told);
	if (response.status === 429) return new Failure("busy", t("busy"));
	return new Failure("server", t("server"));
}
