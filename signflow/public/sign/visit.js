// The first two steps of a page that anybody opens: a mail address, then the code mailed there. `name` keeps the visit's
// session in the tab's store, `identified` gets the answer to the right code. `go(step, focus)` shows one of the page's
// `steps`, a page that shows more at each has a `go` of its own. A reload, and Back and forth in the browser, find the step again
// with what was typed: the store then holds a session and, until the code was right, where it was sent (masked).
// `asks()` is what goes to the server for a code, `refused(error)` tells whether the page has shown what was wrong.

// A page may ask things before the address.
const BEFORE = ["wish", "about"];
const TYPED = [...BEFORE, "mail", "code"];

export function create(
	kit,
	{ name, api, steps, go: draw_step = stepping(kit, steps), identified, asks = () => ({ mail: kit.$("mail").value.trim() }), refused = () => false }
) {
	const { $, t, count, lang, show, problem, busy, post, store, keep, announce, watch_bars } = kit;
	let countdown = null;
	watch_bars();
	if ($("mail")) keep($("mail"), `${name}.mail`);
	keep($("code"), `${name}.code`);
	const sent = () => store.get(`${name}_sent`);
	/** The visitor has shown who he is, as far as this tab knows. */
	const is_known = () => Boolean(store.get(name)) && !sent();

	function go(step, focus = true) {
		remember(step);
		draw_step(step, focus);
	}

	/** An entry in the browser's history for each step on which something is typed; what follows the code takes its place. */
	function remember(step) {
		const at = history.state?.step;
		if (step === "open" || step === at) return;
		const follows = at === "code" && !TYPED.includes(step);
		history[!at || follows ? "replaceState" : "pushState"]({ step }, "");
	}

	window.addEventListener("popstate", ({ state }) => {
		if (!state?.step) return; // a place on the page, not a step
		if (!BEFORE.includes(state.step) && is_known()) call("view").then(identified, (error) => begin_again(error.text));
		else if (state.step === "code" && sent()) enter_code();
		else draw_step(TYPED.includes(state.step) && state.step !== "code" ? state.step : "mail");
	});

	// The second of two quick clicks would hit what the first one has just brought under the finger.
	document.addEventListener(
		"click",
		(event) => {
			if (event.detail < 2 || !event.target.closest("button")) return;
			event.preventDefault();
			event.stopPropagation();
		},
		true
	);

	function call(verb, body = {}, seconds = 30) {
		const headers = { "Content-Type": "application/json", Accept: "application/json" };
		const session = store.get(name);
		if (session) headers["X-Signflow-Session"] = session;
		return post(api + verb, { headers, body: JSON.stringify({ language: lang, ...body }) }, seconds);
	}

	// First: the address.
	$("mail")?.addEventListener("input", () => problem($("mail-problem"), "", $("mail")));
	$("mail-form")?.addEventListener("submit", (event) => {
		event.preventDefault();
		const typed = $("mail").value.trim();
		if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(typed)) {
			problem($("mail-problem"), t(typed ? "mail_not_whole" : "mail_missing"), $("mail"));
			return $("mail").focus();
		}
		ask($("mail-next"), $("mail-problem"));
	});
	$("resend").addEventListener("click", () => ask($("resend"), $("code-problem")));
	$("back-to-mail")?.addEventListener("click", () => go("mail"));

	function ask(button, place) {
		problem(place, "");
		return busy(button, async () => {
			try {
				const answer = await call("begin", asks());
				store.set(name, answer.session);
				store.set(`${name}_sent`, {
					to: answer.sent_to,
					before: Boolean(answer.was_sent),
					valid: answer.valid_seconds,
					again: Date.now() + answer.resend_after_seconds * 1000,
				});
				forget_code();
				announce(t(answer.was_sent ? "code_was_sent" : "code_sent"));
				setTimeout(() => enter_code());
			} catch (error) {
				if (!refused(error)) problem(place, error.text);
			}
		});
	}

	// Second: the code.
	function enter_code() {
		const { to, before, valid } = sent();
		$("code-lead").textContent = t(before ? "code_lead_before" : "code_lead", { address: to });
		$("code-help").textContent = t("code_help", { minutes: Math.round(valid / 60) });
		problem($("code-problem"), "", $("code"));
		go("code", false);
		tick();
		$("code").focus();
	}

	function forget_code() {
		$("code").value = "";
		store.set(`typed.${name}.code`, "");
	}

	function tick() {
		clearTimeout(countdown);
		const seconds = Math.ceil(((sent()?.again || 0) - Date.now()) / 1000);
		show($("resend"), seconds <= 0);
		$("resend-wait").textContent = seconds > 0 ? t("code_wait", { seconds }) : "";
		if (seconds > 0) countdown = setTimeout(tick, 1000);
	}

	$("code").addEventListener("input", () => problem($("code-problem"), "", $("code")));
	$("code-form").addEventListener("submit", (event) => {
		event.preventDefault();
		const code = $("code").value.replace(/\D/g, "");
		if (code.length !== 6) {
			problem($("code-problem"), t("code_missing"), $("code"));
			return $("code").focus();
		}
		busy($("code-next"), async () => {
			try {
				const answer = await call("check_code", { code });
				store.set(`${name}_sent`, null);
				forget_code();
				identified(answer);
			} catch (error) {
				if (["session_expired", "locked"].includes(error.code)) return begin_again(error.text);
				const left = error.details?.tries_left;
				const text = error.code === "code_wrong" ? `${t("code_wrong")} ${count("code_left", left)}` : error.text;
				problem($("code-problem"), text, $("code"));
				$("code").focus();
				$("code").select();
			}
		});
	});

	/** Forget the visit in this tab, as where a link begins another. */
	function end() {
		store.set(name, null);
		store.set(`${name}_sent`, null);
		forget_code();
	}

	function begin_again(text) {
		end();
		go("mail");
		problem($("mail-problem"), text || t("session_over"));
	}

	/** A reload or another language: the visit goes on where it was; `draw` gets the view of one that was identified. */
	function resume(draw, first = "mail") {
		if (!store.get(name)) return go(first, false);
		return call("view")
			.then((view) => {
				store.set(`${name}_sent`, null);
				draw(view);
			})
			.catch((error) => {
				if (error.code === "session_expired") end();
				if (sent()) enter_code();
				else go(first, false);
			});
	}

	return { call, ask, go, begin_again, end, resume, is_known };
}

/** Shows one of `steps` ("mail" is the element "mail-step") and puts the focus on its heading. */
function stepping({ $, show }, steps) {
	return (step, focus = true) => {
		for (const name of steps) show($(`${name}-step`), name === step);
		if (!focus) return;
		window.scrollTo(0, 0);
		$(`${step}-step`).querySelector("h1")?.focus({ preventScroll: true });
	};
}
