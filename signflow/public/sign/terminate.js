// The page that terminates agreements: a mail address, a code, a choice; the signing page does the rest.

const query = new URL(import.meta.url).search;
const API = {
	begin: "/api/method/signflow.api.terminations.begin",
	check_code: "/api/method/signflow.api.terminations.check_code",
	view: "/api/method/signflow.api.terminations.view",
	prepare: "/api/method/signflow.api.terminations.prepare",
};
const STEPS = ["mail", "code", "choose", "none"];

import(`./kit.js${query}`).then(begin);

function begin(kit) {
	const { $, t, el, fill, count, lang, show, day, problem, busy, post, store, keep, announce } = kit;
	let countdown = null;
	if (!$("house").childElementCount) fill($("house"), el("span", { className: "house-name" }, location.host));
	["mail", "reason"].forEach((id) => keep($(id), `terminate.${id}`));

	async function call(url, body = {}, seconds = 30) {
		const headers = { "Content-Type": "application/json", Accept: "application/json" };
		const session = store.get("visit");
		if (session) headers["X-Signflow-Session"] = session;
		return post(url, { headers, body: JSON.stringify({ language: lang, ...body }) }, seconds);
	}

	function go(step, focus = true) {
		for (const name of STEPS) show($(`${name}-step`), name === step);
		const now = step === "choose" || step === "none" ? "choose" : "confirm";
		const items = [...$("steps").querySelectorAll("li")];
		const at = items.findIndex((item) => item.dataset.step === now);
		items.forEach((item, place) => {
			item.className = place === at ? "now" : place < at ? "past" : "";
			if (place === at) item.setAttribute("aria-current", "step");
			else item.removeAttribute("aria-current");
		});
		if (!focus) return;
		window.scrollTo(0, 0);
		$(`${step}-step`).querySelector("h1").focus({ preventScroll: true });
	}

	// First: the address.
	$("mail").addEventListener("input", () => problem($("mail-problem"), "", $("mail")));
	$("mail-form").addEventListener("submit", (event) => {
		event.preventDefault();
		if (!/^\S+@\S+$/.test($("mail").value.trim())) {
			problem($("mail-problem"), t("mail_missing"), $("mail"));
			return $("mail").focus();
		}
		ask($("mail-next"), $("mail-problem"));
	});
	$("resend").addEventListener("click", () => ask($("resend"), $("code-problem")));
	$("back-to-mail").addEventListener("click", () => go("mail"));

	function ask(button, place) {
		problem(place, "");
		return busy(button, async () => {
			try {
				const answer = await call(API.begin, { mail: $("mail").value.trim() });
				store.set("visit", answer.session);
				store.set("visit_sent", {
					to: answer.sent_to,
					valid: answer.valid_seconds,
					again: Date.now() + answer.resend_after_seconds * 1000,
				});
				$("code").value = "";
				announce(t("code_sent"));
				setTimeout(() => enter_code());
			} catch (error) {
				problem(place, error.text);
			}
		});
	}

	// Second: the code.
	function enter_code() {
		const sent = store.get("visit_sent");
		$("code-lead").textContent = t("code_lead", { address: sent.to });
		$("code-help").textContent = t("code_help", { minutes: Math.round(sent.valid / 60) });
		problem($("code-problem"), "", $("code"));
		go("code", false);
		tick();
		$("code").focus();
	}

	function tick() {
		clearTimeout(countdown);
		const seconds = Math.ceil(((store.get("visit_sent")?.again || 0) - Date.now()) / 1000);
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
				const answer = await call(API.check_code, { code });
				announce(t("code_right"));
				draw(answer.agreements);
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
		store.set("visit", null);
		store.set("visit_sent", null);
		go("mail");
		problem($("mail-problem"), text || t("session_over"));
	}

	// Third: the choice.
	function draw(agreements) {
		if (!agreements.length) return go("none");
		fill($("agreements"), ...agreements.map(row));
		const free = agreements.some((one) => !one.under_notice);
		show($("reason-field"), free);
		show($("choose-next"), free);
		label();
		go("choose");
	}

	function row(one, place) {
		const ends = t(one.under_notice ? "under_notice" : "ends_on", { date: day(one.ends_on) });
		const about = [one.kind, one.name, one.starts_on && t("since", { date: day(one.starts_on) })].filter(Boolean).join(" · ");
		const texts = el(
			"span",
			{ className: "agreement" },
			el("strong", {}, one.title),
			el("span", { className: "hint" }, about),
			el("span", { className: "ends" }, ends),
			one.under_notice ? null : el("span", { className: "hint" }, t("notice", { notice: one.notice }))
		);
		if (one.under_notice) return el("li", {}, el("div", { className: "check" }, texts));
		const box = el("input", { type: "checkbox", id: `agreement-${place}` });
		box.agreement = [one.doctype, one.name];
		box.addEventListener("change", () => {
			problem($("choose-problem"), "");
			label();
		});
		return el("li", {}, el("label", { className: "check" }, box, texts));
	}

	const chosen = () => [...$("agreements").querySelectorAll("input:checked")].map((box) => box.agreement);

	function label() {
		const number = chosen().length;
		$("choose-next").textContent = number > 1 ? t("next_many", { count: number }) : t("next_one");
	}

	$("choose-form").addEventListener("submit", (event) => {
		event.preventDefault();
		const picked = chosen();
		if (!picked.length) {
			problem($("choose-problem"), t("choose_missing"));
			$("agreements").querySelector("input")?.focus({ preventScroll: true });
			return $("choose-problem").scrollIntoView({ block: "center" });
		}
		busy(
			$("choose-next"),
			async () => {
				try {
					const answer = await call(API.prepare, { chosen: picked, reason: $("reason").value.trim() }, 120);
					store.clear();
					// The signing page finds its link known and its session open, and asks for no second code.
					store.set("token", answer.link.split("#")[1]);
					store.set("session", answer.session);
					location.assign(answer.link);
				} catch (error) {
					if (["session_expired", "not_identified"].includes(error.code)) return begin_again(error.text);
					problem($("choose-problem"), error.text);
				}
			},
			t("preparing")
		);
	});

	document.querySelectorAll("[data-language]").forEach((link) => {
		if (link.getAttribute("aria-current")) link.addEventListener("click", (event) => event.preventDefault());
	});

	// A reload or another language: a visit that was identified goes on where it was.
	if (!store.get("visit")) go("mail", false);
	else
		{call(API.view)
			.then((answer) => draw(answer.agreements))
			.catch((error) => (error.code === "not_identified" && store.get("visit_sent") ? enter_code() : go("mail", false)));}
}
