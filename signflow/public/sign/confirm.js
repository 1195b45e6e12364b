// Second step: a code by mail shows that the mailbox is the signer's.

export function create(kit, app) {
	const { $, t, count, show, problem, busy, store, announce, keep } = kit;
	const field = $("code");
	let countdown = null;

	keep(field);
	field.addEventListener("input", () => problem($("code-problem"), "", field));
	$("code-form").addEventListener("submit", (event) => {
		event.preventDefault();
		if (sent()) check();
		else send($("code-next"));
	});
	$("resend").addEventListener("click", () => send($("resend")));

	const sent = () => store.get("sent");

	function enter() {
		draw();
		problem($("code-problem"), "", field);
	}

	function draw() {
		const { signer } = app.view;
		const now = sent();
		show($("code-field"), Boolean(now));
		show($("code-more"), Boolean(now));
		$("code-lead").textContent = now
			? t("code_sent_lead", { address: now.to })
			: t("code_lead", { address: signer.email_masked });
		$("code-next").textContent = t(now ? "code_check" : "code_send");
		if (!now) return;
		$("code-help").textContent = t("code_help", { minutes: Math.round(now.valid / 60) });
		tick();
	}

	/** Counts down to the moment when a new code may be asked for. */
	function tick() {
		clearTimeout(countdown);
		const seconds = Math.ceil(((sent()?.again || 0) - Date.now()) / 1000);
		const waiting = seconds > 0;
		show($("resend"), !waiting);
		$("resend-wait").textContent = waiting ? t("code_wait", { seconds }) : "";
		if (waiting) countdown = setTimeout(tick, 1000);
	}

	function send(button) {
		problem($("code-problem"), "", field);
		return busy(button, async () => {
			try {
				const answer = await app.api.call("send_code");
				store.set("sent", {
					to: answer.sent_to,
					valid: answer.valid_seconds,
					left: answer.tries_left,
					again: Date.now() + answer.resend_after_seconds * 1000,
				});
				field.value = "";
				field.dispatchEvent(new Event("input"));
				announce(t("code_sent"));
				setTimeout(() => {
					draw();
					field.focus();
				});
			} catch (error) {
				await fail(error);
			}
		});
	}

	function check() {
		const code = field.value.replace(/\D/g, "");
		if (code.length !== 6) {
			problem($("code-problem"), t("code_missing"), field);
			return field.focus();
		}
		return busy($("code-next"), async () => {
			try {
				const view = await app.api.call("check_code", { code });
				store.set("sent", null);
				field.value = "";
				store.set("typed.code", "");
				announce(t("code_right"));
				app.take(view, view.request.confidential ? "read" : "sign");
			} catch (error) {
				await fail(error);
			}
		});
	}

	async function fail(error) {
		if (error.code === "locked" || error.code === "session_expired") {
			if (await app.took(error)) return;
		}
		const left = error.details?.tries_left;
		if (left !== undefined && sent()) store.set("sent", { ...sent(), left });
		if (error.code === "code_expired" && sent()) store.set("sent", { ...sent(), again: 0 });
		setTimeout(() => {
			draw();
			const isWrong = error.code === "code_wrong" || error.code === "code_expired";
			const counted = error.code === "code_wrong" && left !== undefined;
			const text = counted ? `${t("code_wrong")} ${count("code_left", left)}` : error.text;
			problem($("code-problem"), text, isWrong ? field : null);
			if (isWrong) {
				field.focus();
				field.select();
			}
		});
	}

	return { enter, explain: (text) => problem($("code-problem"), text) };
}
