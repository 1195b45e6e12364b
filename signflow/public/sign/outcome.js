// Where it ends: signed, sealed, declined, too late, locked; and where a link leads nowhere.

const PATIENCE = 120000;
const MARKS = {
	signed: ["ok", "good"],
	completed: ["ok", "good"],
	completed_closed: ["ok", "good"],
	sealing_slow: ["ok", "good"],
	waiting: ["clock", ""],
	declined: ["stop", ""],
	you_declined: ["stop", ""],
	cancelled: ["stop", ""],
	expired: ["clock", ""],
	locked: ["lock", "warn"],
	no_link: ["mail", ""],
	link: ["warn", "warn"],
	failed: ["warn", "warn"],
};
const LINK_CODES = ["link_invalid", "link_expired", "link_used", "token_invalid", "expired", "locked"];

export function create(kit, app) {
	const { $, t, count, el, icon, fill, show, day, size, problem, busy, announce, store, save } = kit;
	let polling = null;
	let shownState = null;

	function enter(view) {
		const state = stateOf(view);
		if (state === "sealing") return watch();
		stopWatching();
		draw(state, view);
		if (shownState && shownState !== state) announce($("outcome-title").textContent);
		shownState = state;
	}

	/** Between the last signature's seal and the closing one nobody is missing any more: that is still sealing. */
	function stateOf(view) {
		if (view.state === "declined" && declinedByMe(view)) return "you_declined";
		if (view.state === "completed" && !view.signer.identified) return "completed_closed";
		const all = view.signers.every((each) => each.state === "signed");
		return view.state === "signed" && all ? "sealing" : view.state;
	}

	const declinedByMe = (view) =>
		app.declined || view.signers.some((each) => each.state === "declined" && (each.you ?? each.name === view.signer.name));

	function draw(state, view) {
		const [name, className] = MARKS[state] || ["unknown", ""];
		fill($("outcome-mark"), state === "sealing" ? el("span", { className: "spinner large" }) : icon(name));
		$("outcome-mark").className = `mark ${className}`;
		$("outcome-title").textContent = t(`${state}_title`);
		fill(
			$("outcome-text"),
			el(
				"p",
				{ className: "lead" },
				t(`${state}_text`, { address: view.signer.email_masked, date: day(view.request.expires_on) })
			)
		);
		problem($("outcome-problem"), "");
		const ready = view.state === "completed" ? view.documents.filter((item) => item.readable) : [];
		fill($("copies"), ...ready.map(copy));
		show($("copies"), ready.length > 0);
		fill($("outcome-actions"), ...actions(state));
	}

	function actions(state) {
		const ask = el("button", { type: "button", className: "button", onclick: () => app.talk.open("ask") }, t("ask"));
		if (state === "locked") return [newLink(), ask];
		if (["expired", "cancelled", "declined", "you_declined"].includes(state)) return [ask];
		if (state === "sealing_slow") return [againButton()];
		if (state === "completed_closed") {
			const go = () => app.go("confirm");
			return [el("button", { type: "button", className: "button primary", onclick: go }, icon("down"), t("get_copy"))];
		}
		if (state === "completed") {
			const onward = app.view.form?.success_url;
			return [
				onward && el("a", { className: "button primary", href: onward }, t("onward")),
				el("a", { className: "button", href: "/verify", target: "_blank", rel: "noopener" }, t("verify")),
				app.view.form?.withdraw && el("a", { className: "button", href: app.view.form.withdraw, target: "_blank", rel: "noopener" }, t("withdraw")),
			];
		}
		return [];
	}

	function copy(item) {
		const download = async () => {
			problem($("outcome-problem"), "");
			try {
				save(await app.api.document(item.id, "download"), item.title);
				announce(t("downloaded", { title: item.title }));
			} catch (error) {
				if (!(await app.took(error))) problem($("outcome-problem"), error.text);
			}
		};
		const facts = [item.pages && count("pages", item.pages), item.size && size(item.size)].filter(Boolean).join(" · ");
		const properties = {
			type: "button",
			className: "button small",
			"aria-label": t("download_title", { title: item.title }),
			onclick: (event) => busy(event.currentTarget, download),
		};
		return el(
			"li",
			{},
			icon("doc"),
			el("div", { className: "document-name" }, el("strong", {}, item.title), el("span", { className: "hint" }, facts)),
			el("div", { className: "document-actions" }, el("button", properties, icon("down"), t("download")))
		);
	}

	/** Asks every second or two until the seal is on, and stops calmly when it takes long. */
	function watch() {
		if (polling) return;
		const since = Date.now();
		shownState = "sealing";
		draw("sealing", app.view);
		const look = async () => {
			if (Date.now() - since > PATIENCE) return slow();
			const wait = Math.min(1000 + (Date.now() - since) / 10, 5000);
			let ended = false;
			const view = await app.api.view().catch((error) => {
				ended = LINK_CODES.includes(error.code);
			});
			if (!polling) return;
			if (ended) return slow();
			if (view && stateOf(view) !== "sealing") {
				stopWatching();
				app.take(view);
			} else polling = setTimeout(look, wait);
		};
		polling = setTimeout(look, 1000);
	}

	function stopWatching() {
		clearTimeout(polling);
		polling = null;
	}

	function slow() {
		stopWatching();
		draw("sealing_slow", app.view);
		announce($("outcome-title").textContent);
	}

	function againButton() {
		const button = el("button", { type: "button", className: "button primary" }, t("check_again"));
		button.addEventListener("click", () =>
			busy(button, async () => {
				try {
					await app.refresh();
				} catch (error) {
					problem($("outcome-problem"), error.text);
				}
			})
		);
		return button;
	}

	function newLink() {
		const button = el("button", { type: "button", className: "button primary" }, icon("mail"), t("new_link"));
		button.addEventListener("click", () =>
			busy(button, async () => {
				problem($("outcome-problem"), "");
				try {
					const answer = await app.api.newLink();
					fill($("outcome-text"), el("p", { className: "note good" }, icon("mail"), el("span", {}, answer.text)));
					announce(answer.text);
					setTimeout(() => {
						button.remove();
						$("outcome-title").focus();
					});
				} catch (error) {
					problem($("outcome-problem"), error.text);
				}
			})
		);
		return button;
	}

	/** No view could be had: say why and what to do. */
	function stop(error) {
		if (!app.view) fill($("house"), el("span", { className: "house-name" }, location.host));
		const kind = error.code === "no_link" ? "no_link" : LINK_CODES.includes(error.code) ? "link" : "failed";
		const [name, className] = MARKS[kind];
		fill($("outcome-mark"), icon(name));
		$("outcome-mark").className = `mark ${className}`;
		$("outcome-title").textContent = t(error.code === "locked" || error.code === "expired" ? `${error.code}_title` : `${kind}_title`);
		// Our own words say the same as the server's about a bad link, and what can be done.
		const told = error.code === "link_invalid" ? "" : error.text;
		fill(
			$("outcome-text"),
			told && el("p", { className: "lead" }, told),
			kind !== "failed" && el("p", { className: told ? null : "lead" }, t(`${kind}_text`))
		);
		show($("steps"), false);
		show($("copies"), false);
		const again = el("button", { type: "button", className: "button primary" }, t("try_again"));
		again.addEventListener("click", () => busy(again, app.start));
		fill(
			$("outcome-actions"),
			kind === "failed" && again,
			kind === "link" && newLink(),
			kind === "no_link" && el("a", { className: "button", href: "/verify" }, t("verify"))
		);
		if (store.get("session") && kind === "link") store.set("session", null);
		if (kind !== "no_link") $("outcome-title").focus();
	}

	return { enter, stop };
}
