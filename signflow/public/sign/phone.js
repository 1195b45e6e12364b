// A person shows by a code in a text message that a telephone is hers too. `call` posts with her visit; `send(button, place,
// words, one, ask)` posts what ends in the page's view.

export function create(kit, call, send) {
	const { t, el, show, problem, busy, announce, keep } = kit;

	return (one, proof) => {
		const id = (what) => `phone-${what}-${one.reference}`;
		const input = (what, more) => el("input", { id: id(what), type: "text", ...more });
		const number = input("number", { inputmode: "tel", autocomplete: "tel", maxlength: 40 });
		const code = input("code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12 });
		const wrong = el("div", { className: "problem", role: "alert" });
		const refused = el("div", { className: "problem", role: "alert" });
		const sent = el("p", {});
		const ask = el("button", { type: "button", className: "button" }, t("phone_send"));
		const check = el("button", { type: "button", className: "button primary" }, t("phone_check"));
		const second = el(
			"div",
			{ className: "field" },
			sent,
			el("label", { for: id("code") }, t("phone_code")),
			code,
			refused,
			el("div", { className: "row" }, check)
		);
		show(second, false);
		keep(number, "request.phone");

		ask.addEventListener("click", () => {
			problem(wrong, "", number);
			if (number.value.replace(/\D/g, "").length < 6) return problem(wrong, t("phone_missing"), number);
			return busy(ask, async () => {
				try {
					const answer = await call("begin_phone", { reference: one.reference, number: number.value });
					sent.textContent = t("phone_sent", { number: answer.sent_to, minutes: Math.round(answer.valid_seconds / 60) });
					announce(sent.textContent);
					show(second);
					code.focus();
				} catch (error) {
					problem(wrong, error.text, number);
				}
			});
		});
		check.addEventListener("click", () => {
			const typed = code.value.replace(/\D/g, "");
			if (typed.length !== 6) return problem(refused, t("code_missing"), code);
			return send(check, refused, t("phone_proven"), one, () => call("check_phone", { reference: one.reference, code: typed }));
		});

		return el(
			"details",
			{ className: "plain" },
			el("summary", {}, proof.title),
			el("p", { className: "hint" }, t("phone_help")),
			el("div", { className: "field" }, el("label", { for: id("number") }, t("phone")), number, wrong),
			el("div", { className: "row" }, ask),
			second
		);
	};
}
