// The first two steps of a page that anybody opens: a mail address, then the code mailed there. `name` keeps the visit's
// session in the tab's store, `identified` gets the answer to the right code. `go(step, focus)` shows one of the page's
// `steps`, a page that shows more at each has a `go` of its own.
// `asks()` is what goes to the server for a code, `refused(error)` tells whether the page has shown what was wrong.

export function create(
	kit,
	{ name, api, steps, go = stepping(kit, steps), identified, asks = () => ({ mail: kit.$("mail").value.trim() }), refused = () => false }
) {
	const { $, t, count, lang, show, problem, busy, post, store, keep, announce } = kit;
	let countdown = null;
	if ($("mail")) keep($("mail"), `${name}.mail`);

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
		if (!/^\S+@\S+$/.test($("mail").value.trim())) {
			problem($("mail-problem"), t("mail_missing"), $("mail"));
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
					valid: answer.valid_seconds,
					again: Date.now() + answer.resend_after_seconds * 1000,
				});
				$("code").value = "";
				announce(t("code_sent"));
				setTimeout(() => enter_code());
			} catch (error) {
				if (!refused(error)) problem(place, error.text);
			}
		});
	}

	// Second: the code.
	function enter_code() {
		const sent = store.get(`${name}_sent`);
		$("code-lead").textContent = t("code_lead", { address: sent.to });
		$("code-help").textContent = t("code_help", { minutes: Math.round(sent.valid / 60) });
		problem($("code-problem"), "", $("code"));
		go("code", false);
		tick();
		$("code").focus();
	}

	function tick() {
		clearTimeout(countdown);
		const seconds = Math.ceil(((store.get(`${name}_sent`)?.again || 0) - Date.now()) / 1000);
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
				identified(await call("check_code", { code }));
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

	function begin_again(text) {
		store.set(name, null);
		store.set(`${name}_sent`, null);
		go("mail");
		problem($("mail-problem"), text || t("session_over"));
	}

	/** A reload or another language: a visit that was identified goes on where it was; `draw` gets its view. */
	function resume(draw) {
		if (!store.get(name)) return go("mail", false);
		return call("view")
			.then(draw)
			.catch((error) => (error.code === "not_identified" && store.get(`${name}_sent`) ? enter_code() : go("mail", false)));
	}

	return { call, ask, go, begin_again, resume };
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
