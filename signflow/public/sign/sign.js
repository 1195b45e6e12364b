// The signing page: opens the invitation and leads along read, confirm, sign, done.
//
// Modules get each other handed in instead of importing each other: /assets may be kept by browsers for a year, and
// only the address written by the server carries the version.

const query = new URL(import.meta.url).search;
const load = (name) => import(`./${name}.js${query}`);

const names = ["kit", "api", "read", "viewer", "confirm", "signature", "pad", "outcome", "talk", "origin"];
Promise.all(names.map(load)).then(([kit, api, ...rooms]) => begin(kit, api, rooms));

const CLOSED = ["sealing", "signed", "declined", "completed", "cancelled", "expired", "locked"];

function begin(kit, { createApi }, [read, viewer, confirm, signature, pad, outcome, talk, origin]) {
	const { $, t, store, show, lang, watch_bars } = kit;
	const api = createApi(kit);
	const app = { api, view: null, step: null, go, took, take, refresh, start };

	app.talk = talk.create(kit, app);
	app.origin = origin.create(kit, app);
	const panels = {
		read: read.create(kit, app, viewer),
		confirm: confirm.create(kit, app),
		sign: signature.create(kit, app, pad),
		outcome: outcome.create(kit, app),
	};

	/** Where a person stands, whatever step was asked for. */
	function allowed(step) {
		const { view } = app;
		if (step === "confirm" && fetchable(view)) return "confirm";
		if (CLOSED.includes(view.state)) return "outcome";
		if (step === "outcome" || view.state === "waiting") return "read";
		if (step === "sign" && !view.signer.identified) return "confirm";
		if (step === "confirm" && view.signer.identified) return "read";
		return panels[step] ? step : "read";
	}

	/** Signed copies lie ready, but whoever holds the link has to show again that the mailbox is hers. */
	const fetchable = (view) => view.state === "completed" && !view.signer.identified;

	/** Shows a step. Back in the browser returns to the step before. */
	function go(step, { focus = true, push = true } = {}) {
		const next = allowed(step);
		const moved = next !== app.step;
		app.step = next;
		store.set("step", next);
		for (const name of Object.keys(panels)) show($(name), name === next);
		show($("opening"), false);
		panels[next].enter(app.view);
		drawSteps(next);
		if (!moved) return;
		if (push) history.pushState({ step: next }, "");
		if (focus) {
			window.scrollTo(0, 0);
			app.origin.step();
			$(next).querySelector("h1").focus({ preventScroll: true });
		}
	}

	function drawSteps(step) {
		const { view } = app;
		const list = $("steps").querySelector("ol");
		const items = [...list.children];
		const confidential = view.request.confidential && view.documents.some((item) => !item.readable);
		const order = view.request.confidential ? ["confirm", "read", "sign", "done"] : ["read", "confirm", "sign", "done"];
		const now = step === "outcome" ? "done" : step === "read" && confidential ? "confirm" : step;
		for (const name of order) {
			const item = items.find((each) => each.dataset.step === name);
			list.append(item);
			const past = order.indexOf(name) < order.indexOf(now) || (name === "confirm" && view.signer.identified);
			item.className = name === now ? "now" : past ? "past" : "";
			if (name === now) item.setAttribute("aria-current", "step");
			else item.removeAttribute("aria-current");
		}
		const stopped = ["declined", "cancelled", "expired", "locked"].includes(view.state);
		show($("steps"), !stopped && view.state !== "waiting" && !(step === "confirm" && fetchable(view)));
	}

	/** Takes in a fresh view and goes where it leads. */
	function take(view, step = app.step || "read", options) {
		app.view = view;
		drawHouse(view.house);
		document.title = t("page_title", { title: view.request.title });
		document.querySelectorAll("[data-fill=title]").forEach((node) => (node.textContent = view.request.title));
		app.talk.draw(view);
		app.origin.draw(view);
		show($("side"), true);
		go(step, options);
	}

	/** True when `error` says that the person must be identified again, and leads there. */
	async function took(error) {
		if (!["locked", "not_identified", "identification_needed", "session_expired"].includes(error.code)) return false;
		const view = await api.view().catch(() => null);
		if (!view) return false;
		const again = view.state === "open" && !view.signer.identified;
		take(view, again ? "confirm" : app.step);
		if (again) panels.confirm.explain(t("confirm_again"));
		return again || view.state !== "open";
	}

	async function refresh() {
		take(await api.view());
	}

	function drawHouse(house) {
		const mark = house.logo
			? kit.el("img", { src: house.logo, alt: house.name, height: "40" })
			: kit.el("span", { className: "house-name" }, house.name);
		kit.fill($("house"), mark);
		show($("test-seal"), Boolean(house.seal_is_test));
	}

	function stop(error) {
		for (const name of Object.keys(panels)) show($(name), false);
		show($("opening"), false);
		show($("outcome"), true);
		panels.outcome.stop(error);
	}

	async function start() {
		if (!api.hasToken) return stop({ code: "no_link" });
		show($("opening"), true);
		show($("outcome"), false);
		try {
			const view = await api.start();
			const asked = new URLSearchParams(location.search).get("lang");
			if (!asked && view.language && view.language !== lang && changeLanguage(view.language)) return;
			take(view, store.get("step") || "read", { push: false, focus: false });
			history.replaceState({ step: app.step }, "");
		} catch (error) {
			if (error.code === undefined) console.error(error);
			stop(error);
		}
	}

	/** The page is fetched anew in the other language; what was typed waits in the tab's store. */
	function changeLanguage(code) {
		if (!document.querySelector(`[data-language="${code}"]`)) return false;
		store.set("focus", code);
		const asked = new URLSearchParams(location.search);
		asked.set("lang", code);
		location.replace(`${location.pathname}?${asked}`);
		return true;
	}

	document.querySelectorAll("[data-language]").forEach((link) =>
		link.addEventListener("click", (event) => {
			event.preventDefault();
			if (link.dataset.language !== lang) changeLanguage(link.dataset.language);
		})
	);
	const focus = store.get("focus");
	if (focus) document.querySelector(`[data-language="${focus}"]`)?.focus({ preventScroll: true });
	store.set("focus", null);

	document.querySelectorAll("[data-back]").forEach((button) => button.addEventListener("click", () => go("read")));
	window.addEventListener("popstate", (event) => {
		if (app.view && !event.state?.full) go(event.state?.step || "read", { push: false });
	});
	window.addEventListener("hashchange", () => {
		if (api.takeToken()) location.reload();
	});

	watch_bars();

	start();
}
