// Beside the documents: who signs, is this genuine, how data is used; and the dialogs to ask or to decline.

const PENDING = ["open", "waiting"];

export function create(kit, app) {
	const { $, t, el, icon, fill, fillList, show, day, moment, grouped, problem, busy, keep } = kit;

	keep($("question"));
	keep($("reason"));

	document.querySelectorAll("[data-open]").forEach((button) =>
		button.addEventListener("click", () => open(button.dataset.open))
	);
	document.querySelectorAll("dialog").forEach((dialog) => {
		dialog.querySelectorAll("[data-close]").forEach((b) => b.addEventListener("click", () => close(dialog)));
		dialog.addEventListener("click", (event) => event.target === dialog && close(dialog));
	});

	function open(id) {
		const dialog = $(id);
		if (id === "ask") parts(false);
		if (dialog.open) return;
		if (dialog.showModal) dialog.showModal();
		else dialog.setAttribute("open", "");
		(dialog.querySelector("textarea") || dialog).focus();
	}

	function close(dialog) {
		if (dialog.close) dialog.close();
		else dialog.removeAttribute("open");
	}

	function parts(sent) {
		show($("ask").querySelector("[data-part=write]"), !sent);
		show($("ask").querySelector("[data-part=sent]"), sent);
	}

	$("ask-form").addEventListener("submit", (event) => {
		event.preventDefault();
		const question = $("question").value.trim();
		if (!question) {
			problem($("ask-problem"), t("question_missing"), $("question"));
			return $("question").focus();
		}
		problem($("ask-problem"), "", $("question"));
		busy($("ask-send"), async () => {
			try {
				await app.api.call("ask_sender", { question });
				$("question").value = "";
				$("question").dispatchEvent(new Event("input"));
				parts(true);
				$("ask-title").focus();
			} catch (error) {
				problem($("ask-problem"), error.text);
			}
		});
	});

	$("decline-form").addEventListener("submit", (event) => {
		event.preventDefault();
		problem($("decline-problem"), "");
		busy($("decline-send"), async () => {
			try {
				const view = await app.api.call("decline", { reason: $("reason").value.trim() });
				close($("decline"));
				app.declined = true;
				app.take(view);
			} catch (error) {
				problem($("decline-problem"), error.text);
				if (await app.took(error)) close($("decline"));
			}
		});
	});

	function draw(view) {
		const { request, sender, house, notice } = view;
		fill($("signers"), ...view.signers.map((signer) => signerRow(signer, view)));
		fillList($("about"), [
			[t("about_sender"), [sender.name, sender.company].filter(Boolean).join(", ")],
			[t("about_sent"), day(request.sent_on)],
			[t("about_until"), PENDING.includes(view.state) && day(request.expires_on)],
			[t("about_level"), view.signer.level === "mail_code" ? t("level_mail_code") : view.signer.level_text],
			[t("about_reference"), request.reference],
		]);
		$("check-domain").textContent = t("check_domain", { domain: location.host });
		$("check-sender").textContent = t("check_sender", {
			name: sender.name,
			company: sender.company || house.name,
			email: sender.email,
		});
		fillList($("seal"), [
			[t("seal_of"), house.seal_subject],
			[t("seal_fingerprint"), grouped(house.seal_fingerprint), "hash"],
			...view.documents.map((item) => [t("file_hash", { title: item.title }), item.sha256, "hash"]),
		]);
		drawNotice(notice || {});
		$("ask-lead").textContent = t("ask_lead", { name: sender.name || sender.company });
		show($("decline-open"), PENDING.includes(view.state));
		show($("side-actions"), PENDING.includes(view.state));
	}

	function drawNotice(notice) {
		fill(
			$("notice"),
			notice.controller && el("p", {}, t("notice_controller", { name: notice.controller })),
			notice.contact && el("p", {}, t("notice_contact", { contact: notice.contact })),
			...String(notice.text || "")
				.split(/\n\s*\n/)
				.filter(Boolean)
				.map((part) => el("p", { className: "lines" }, part)),
			safe(notice.url) && el("p", {}, el("a", { href: notice.url, target: "_blank", rel: "noopener" }, t("notice_more")))
		);
	}

	function signerRow(signer, view) {
		const isMe = signer.you ?? signer.name === view.signer.name;
		const [sign, text, className] =
			signer.state === "signed"
				? ["ok", signer.signed_on ? t("signer_signed", { date: moment(signer.signed_on) }) : t("signer_signed_undated"), "good"]
				: signer.state === "declined"
					? ["stop", t("signer_declined"), "bad"]
					: ["clock", t(isMe ? "you_pending" : "signer_pending"), ""];
		return el(
			"li",
			{ className },
			icon(sign),
			el("div", {}, el("strong", {}, signer.name, isMe ? ` (${t("you")})` : ""), el("span", { className: "hint" }, text))
		);
	}

	return { draw, open };
}

const safe = (url) => /^(https?:\/\/|\/)/.test(url || "");
