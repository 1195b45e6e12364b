// The page that terminates agreements: a mail address, a code, a choice; the signing page does the rest.

const query = new URL(import.meta.url).search;
const STEPS = ["mail", "code", "choose", "none"];

Promise.all(["kit", "visit"].map((name) => import(`./${name}.js${query}`))).then(([kit, visit]) => begin(kit, visit));

function begin(kit, { create }) {
	if (document.getElementById("closed-step")) return;
	const { $, t, el, fill, show, day, problem, busy, store, keep, announce } = kit;
	keep($("reason"), "terminate.reason");
	const visit = create(kit, {
		name: "visit",
		api: "/api/method/signflow.api.terminations.",
		go: show_step,
		identified: (answer) => {
			announce(t("code_right"));
			draw(answer.agreements);
		},
	});

	function show_step(step, focus = true) {
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

	// Third: the choice.
	function draw(agreements) {
		if (!agreements.length) return visit.go("none");
		fill($("agreements"), ...agreements.map(row));
		const free = agreements.some((one) => !one.under_notice);
		show($("reason-field"), free);
		show($("choose-next"), free);
		label();
		visit.go("choose");
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
					const answer = await visit.call("prepare", { chosen: picked, reason: $("reason").value.trim() }, 120);
					store.clear();
					// The signing page finds its link known and its session open, and asks for no second code.
					store.set("token", answer.link.split("#")[1]);
					store.set("session", answer.session);
					location.assign(answer.link);
				} catch (error) {
					if (["session_expired", "not_identified"].includes(error.code)) return visit.begin_again(error.text);
					problem($("choose-problem"), error.text);
				}
			},
			t("preparing")
		);
	});

	document.querySelectorAll("[data-language]").forEach((link) => {
		if (link.getAttribute("aria-current")) link.addEventListener("click", (event) => event.preventDefault());
	});

	visit.resume((answer) => draw(answer.agreements));
}
