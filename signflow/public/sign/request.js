// The page on which a person asks about the data held on her: what she wants, who she is, her mailbox and its code, how it stands.

const query = new URL(import.meta.url).search;
const STEPS = ["open", "wish", "about", "mail", "code", "list"];
const BADGES = { unproven: "warn", open: "", waiting: "warn", done: "good", refused: "", withdrawn: "" };
const API = "/api/method/signflow.api.subject_requests.";
const MOST_PAPER_BYTES = 10 * 2 ** 20;
// What the server says is wrong → where it was typed.
const PLACES = { request_type: "rights", person_name: "person-name", represents: "represents", details: "details" };

Promise.all(["kit", "visit", "phone"].map((name) => import(`./${name}.js${query}`))).then((parts) => begin(...parts));

function begin(kit, { create }, phone) {
	const { $, t, el, icon, fill, fillList, show, day, size, post, problem, busy, store, keep, announce, lang, once_key } = kit;
	const asked = new URLSearchParams(location.search);
	// What goes along to the code: nothing for whoever only looks at her requests. A reload does not change it.
	const sends = () => Boolean(store.get("request_sends"));
	function send_along(wanted) {
		store.set("request_sends", wanted);
		$("mail-title").textContent = t(wanted ? "mail_title" : "see_title");
		$("mail-lead").textContent = t(wanted ? "mail_lead" : "see_lead");
		$("back-to-about-label").textContent = t(wanted ? "mail_back" : "see_back");
	}
	const { call, go, begin_again, end, resume, is_known } = create(kit, {
		name: "request",
		api: API,
		steps: STEPS,
		identified: (view) => list(view),
		asks: () => ({ mail: $("mail").value.trim(), ...(sends() ? { wish: wish(), key: once_key("request_key", wish()) } : {}) }),
		refused: (error) => PLACES[error.details?.field] && wrong(error.details.field, error.text),
	});

	const by_phone = phone.create(kit, call, (...sent) => send(...sent));

	// First: what she wants.
	const rights = [...document.querySelectorAll("input[name=right]")];
	for (const id of ["details", "person-name", "represents", "representative", "protected"]) keep($(id), `request.${id}`);
	const scopes = [...document.querySelectorAll("input[name=scope]")];
	// What a link asks for is chosen once: a reload keeps what was chosen since.
	const linked = asked.get("right");
	const before = linked && store.get("request_linked") !== linked ? linked : store.get("typed.request.right") || linked;
	store.set("request_linked", linked);
	rights.forEach((box) => {
		box.checked = box.value === before;
		box.addEventListener("change", () => {
			store.set("typed.request.right", box.value);
			problem($("rights-problem"), "");
			shape();
		});
	});
	scopes.forEach((box) => {
		box.checked = box.value === (store.get("typed.request.scope") || scopes[0].value);
		box.addEventListener("change", () => store.set("typed.request.scope", box.value));
	});
	$("representative").addEventListener("change", shape);
	for (const id of ["details", "person-name", "represents"]) {
		$(id).addEventListener("input", () => problem($(`${id}-problem`), "", $(id)));
	}
	const right = () => rights.find((box) => box.checked)?.value;

	function shape() {
		$("about-title").textContent = right() ? t(right()) : "";
		$("details-label").textContent = t(right() === "Rectification" ? "details_wrong" : "details");
		show($("scope"), right() === "Objection");
		show($("represents-field"), $("representative").checked);
	}
	shape();

	function wish() {
		return {
			request_type: right() || "",
			objection_scope: scopes.find((box) => box.checked).value,
			details: $("details").value,
			person_name: $("person-name").value,
			is_representative: $("representative").checked,
			represents: $("represents").value,
			has_protected_address: $("protected").checked,
			company: asked.get("company") || "",
			from_account: asked.get("from") === "account",
			trap: $("website").value,
		};
	}

	function wrong(field, text) {
		const place = PLACES[field];
		go(place === "rights" ? "wish" : "about", false);
		problem($(`${place}-problem`), text, place === "rights" ? null : $(place));
		// What is wrong stands above the choices: the first of them has the focus, and the question is in view.
		(place === "rights" ? rights[0] : $(place)).focus({ preventScroll: place === "rights" });
		if (place === "rights") $("rights").scrollIntoView({ block: "start" });
		return true;
	}

	$("wish-form").addEventListener("submit", (event) => {
		event.preventDefault();
		if (right()) go("about");
		else wrong("request_type", t("type_missing"));
	});

	// Second: who asks, and what about.
	$("about-form").addEventListener("submit", (event) => {
		event.preventDefault();
		problem($("about-problem"), "");
		if (!right()) return wrong("request_type", t("type_missing"));
		if ($("person-name").value.trim().length < 2) return wrong("person_name", t("name_missing"));
		if (right() === "Rectification" && $("details").value.trim().length < 3) return wrong("details", t("details_missing"));
		if ($("representative").checked && $("represents").value.trim().length < 3) {
			return wrong("represents", t("represents_missing"));
		}
		send_along(true);
		if (!is_known()) return go("mail");
		busy(
			$("about-next"),
			async () => {
				try {
					const view = await call("state", { wish: wish(), key: once_key("request_key", wish()) });
					setTimeout(() => list(view));
				} catch (error) {
					if (PLACES[error.details?.field]) setTimeout(() => wrong(error.details.field, error.text));
					else refused(error, $("about-problem"));
				}
			},
			t("sending")
		);
	});
	$("see").addEventListener("click", () => {
		send_along(false);
		if (is_known()) call("view").then((view) => list(view), (error) => over(error.text));
		else go("mail");
	});
	$("back-to-wish").addEventListener("click", () => go("wish"));
	$("back-to-about").addEventListener("click", () => go(sends() ? "about" : "wish"));
	$("another").addEventListener("click", () => go("wish"));

	/** What the server refused is said at `place`; where the visit has ended, another begins. */
	function refused(error, place) {
		if (["session_expired", "not_identified"].includes(error.code)) over(error.text);
		else problem(place, error.text);
	}

	function over(text) {
		show($("logged-in"), false);
		begin_again(text);
	}

	// Last: how her requests stand.
	function list(view, said = null, focus = true) {
		const made = view.requests.find((one) => one.reference === view.made);
		if (made && sends()) {
			for (const id of ["details", "represents"]) {
				$(id).value = "";
				store.set(`typed.request.${id}`, "");
			}
			store.set("request_key", null);
			send_along(false);
		}
		show($("made"), Boolean(made));
		$("list-title").textContent = t(made ? "made" : "list");
		const values = made && { reference: made.reference, date: day(made.due_on), address: view.mail };
		$("list-lead").textContent = made
			? [t("made_lead", values), made.joined_to && t("made_joined")].filter(Boolean).join(" ")
			: t(view.requests.length ? "list_lead" : "nothing", { address: view.mail });
		const first = (one) => (one === made ? 0 : one.yours || one.question ? 1 : 2);
		fill($("requests"), ...[...view.requests].sort((a, b) => first(a) - first(b)).map((one) => card(one, said)));
		go("list", focus);
	}

	function card(one, said) {
		const facts = el("dl", { className: "about wide" });
		fillList(facts, [
			[t("reference"), one.reference],
			[t("represents"), one.represents, "lines"],
			[t("company"), one.company],
			[t("received"), day(one.received_on)],
			[t("due"), one.due_on && day(one.due_on)],
			[t("extended"), one.extended, "lines"],
			[t("joined_to"), one.joined_to],
			[t("answered_on"), one.answered_on && day(one.answered_on)],
			[t("withdrawn_on"), one.withdrawn_on && day(one.withdrawn_on)],
			[t("outcome"), one.outcome, "lines"],
			[t("certificate"), one.certificate_on && t("certificate_mailed", { date: day(one.certificate_on) })],
			[t("reason"), one.reason, "lines"],
			[t("complaint"), one.complaint.join("\n"), "lines"],
		]);
		return el(
			"article",
			{ className: "consent", "data-request": one.reference, "data-state": one.state },
			el("h2", { tabindex: "-1" }, t(one.type)),
			el("p", { className: `badge ${BADGES[one.state]}` }, one.state === "done" ? icon("check") : null, t(`state_${one.state}`)),
			said?.reference === one.reference ? el("p", { className: "note good" }, icon("check"), el("span", {}, said.words)) : null,
			one.question ? question(one) : null,
			one.yours ? whose(one) : null,
			facts,
			one.copy ? copy(one) : null,
			one.takes_papers || one.papers.length ? papers(one) : null,
			...one.proofs.map((proof) =>
				proof.form === "phone" ? by_phone(one, proof) : el("p", {}, el("a", { href: proof.link }, proof.title))
			),
			one.may_take_back ? take_back(one) : null
		);
	}

	/** Asked once more, in its place: what is taken back is asked anew, not brought back. */
	function take_back(one) {
		const failed = el("div", { className: "problem", role: "alert" });
		const ask = el("button", { type: "button", className: "button" }, t("take_back"));
		const sure = el("button", { type: "button", className: "button primary" }, t("take_back_sure"));
		const not = el("button", { type: "button", className: "button" }, t("take_back_not"));
		const question = el("p", { tabindex: "-1" }, t("take_back_help"));
		const confirm = el("div", {}, question, el("div", { className: "row" }, sure, not), failed);
		const open = (wanted) => {
			show(confirm, wanted);
			show(ask, !wanted);
			(wanted ? question : ask).focus();
		};
		show(confirm, false);
		ask.addEventListener("click", () => open(true));
		not.addEventListener("click", () => open(false));
		sure.addEventListener("click", () => send(sure, failed, t("taken_back"), one, () => call("take_back", { reference: one.reference })));
		return el("div", { className: "field" }, el("div", { className: "row" }, ask), confirm);
	}

	/** The copy that waits: whoever typed a code goes on to it, others have the link of the mail. */
	function copy(one) {
		const until = el("p", {}, t(one.copy.opens ? "copy_until" : "copy_by_mail", { date: day(one.copy.until) }));
		if (!one.copy.opens) return until;
		const failed = el("div", { className: "problem", role: "alert" });
		const button = el("button", { type: "button", className: "button primary" }, icon("down"), t("fetch_copy"));
		button.addEventListener("click", () =>
			busy(button, async () => {
				try {
					const { session } = await call("fetch_copy", { reference: one.reference });
					store.set("data", session);
					store.set("data_sent", null);
					location.assign(`/privacy/data?lang=${lang}`);
				} catch (error) {
					refused(error, failed);
				}
			})
		);
		return el("div", { className: "field" }, until, el("div", { className: "row" }, button), failed);
	}

	function question(one) {
		const id = `answer-${one.reference}`;
		const words = el("textarea", { id, rows: 3, maxlength: 2000 });
		const failed = el("div", { className: "problem", role: "alert" });
		const button = el("button", { type: "button", className: "button primary" }, t("send_answer"));
		keep(words, `request.${id}`);
		button.addEventListener("click", () => {
			if (words.value.trim().length < 3) return problem(failed, t("answer_missing"), words);
			send(button, failed, t("answered"), one, () => call("answer", { reference: one.reference, words: words.value }));
		});
		return el(
			"div",
			{ className: "field" },
			el("p", {}, el("strong", {}, t("question"))),
			el("p", { className: "lines stated" }, one.question),
			el("div", { className: "field" }, el("label", { for: id }, t("your_answer")), words, failed),
			el("div", { className: "row" }, button)
		);
	}

	/** What lies with a request, and a way to add to it: the picker opens by the button, which says what it waits for. */
	function papers(one) {
		const failed = el("div", { className: "problem", role: "alert" });
		const list = one.papers.map((paper) => el("li", {}, `${paper.name} `, el("span", { className: "hint" }, size(paper.size))));
		const parts = [el("p", {}, el("strong", {}, t("papers"))), list.length ? el("ul", { className: "papers" }, ...list) : null];
		if (one.takes_papers) {
			const picker = el("input", { type: "file", className: "visually-hidden", accept: ".pdf,.png,.jpg,.jpeg", tabindex: "-1" });
			picker.setAttribute("aria-label", t("add_paper"));
			const lacks = one.mandate && !list.length;
			const button = el("button", { type: "button", className: `button ${lacks ? "primary" : ""}` }, t("add_paper"));
			button.addEventListener("click", () => picker.click());
			picker.addEventListener("change", () => picker.files[0] && add(button, failed, picker, one));
			parts.push(el("p", { className: "hint" }, t(one.mandate ? "mandate_help" : "papers_help")));
			parts.push(el("div", { className: "row" }, button, picker), failed);
		}
		return el("div", { className: "field" }, ...parts);
	}

	function add(button, failed, picker, one) {
		const file = picker.files[0];
		picker.value = "";
		problem(failed, "");
		if (file.size > MOST_PAPER_BYTES) return problem(failed, t("paper_large"));
		return send(button, failed, t("paper_added"), one, () => {
			const body = new FormData();
			body.append("reference", one.reference);
			body.append("language", lang);
			body.append("file", file);
			const headers = { Accept: "application/json", "X-Signflow-Session": store.get("request") || "" };
			return post(`${API}add_paper`, { headers, body }, 180);
		});
	}

	function whose(one) {
		const failed = el("div", { className: "problem", role: "alert" });
		const choice = (mine) => {
			const button = el("button", { type: "button", className: `button ${mine ? "primary" : ""}` }, t(mine ? "mine" : "not_mine"));
			const said = t(mine ? "now_mine" : "now_not_mine");
			button.addEventListener("click", () => send(button, failed, said, one, () => call("is_mine", { reference: one.reference, mine })));
			return button;
		};
		return el("div", {}, el("p", {}, t("yours_help")), el("div", { className: "row" }, choice(true), choice(false)), failed);
	}

	function send(button, failed, words, one, ask) {
		problem(failed, "");
		return busy(
			button,
			async () => {
				try {
					const view = await ask();
					list({ ...view, made: "" }, { reference: one.reference, words });
					announce(words);
				} catch (error) {
					refused(error, failed);
				}
			},
			t("sending")
		);
	}

	/** Whoever is logged in to the portal has proven his mailbox by that: no code. */
	async function as_user() {
		const user = document.cookie.match(/(?:^|; )user_id=([^;]*)/)?.[1];
		if (!user || user === "Guest" || user === "Administrator") return null;
		const response = await fetch(`${API}open_as_user?language=${lang}`, { credentials: "same-origin", cache: "no-store" });
		return response.ok ? (await response.json()).message : null;
	}

	// The link's token leaves the address bar at once; a reload goes on with the session.
	const token = location.hash.slice(1).trim();
	const seen = asked.get("seen");
	const at = history.state?.step;
	send_along(sends() && !(seen && !at));
	const typing = at === "wish" || (at === "about" && right()) || (at === "mail" && !is_known());
	if (token && token !== "main") {
		history.replaceState(history.state, "", location.pathname + location.search);
		end();
		go("open", false);
		call("open_link", { token })
			.then((answer) => {
				store.set("request", answer.session);
				list({ ...answer.view, made: "" }, null, false);
			})
			.catch((error) => over(error.text));
	} else if (!typing && store.get("request") && (at || !linked)) {
		resume((view) => list(view, null, false), "wish");
	} else {
		go(typing ? at : seen ? "mail" : linked && right() ? "about" : "wish", false);
		as_user()
			.then((answer) => {
				if (!answer) return;
				store.set("request", answer.session);
				$("logged-in").textContent = t("logged_in", { address: answer.view.mail });
				show($("logged-in"));
				if (seen) list(answer.view, null, false);
			})
			.catch(() => {}); // without it a code is asked for, as of everybody
	}
}
