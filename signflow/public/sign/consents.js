// The page on which a person sees and changes his consents: by the link of a mail, or by a mailed code.

const query = new URL(import.meta.url).search;
const STEPS = ["open", "mail", "code", "list"];
const BADGES = { given: "good", pending: "warn", none: "", withdrawn: "", refused: "", ended: "warn" };

Promise.all(["kit", "visit"].map((name) => import(`./${name}.js${query}`))).then(([kit, visit]) => begin(kit, visit));

function begin(kit, { create }) {
	const { $, t, el, icon, fill, show, day, problem, busy, store, announce } = kit;
	const { call, go, begin_again, end, resume } = create(kit, {
		name: "consents",
		api: "/api/method/signflow.api.consents.",
		steps: STEPS,
		identified: list,
	});

	function list(view, focus = true) {
		draw(view);
		go("list", focus);
	}

	// Third: all of them. What a mail asked about stands first.
	function draw(view, said = null) {
		$("about").textContent = t("about", { address: view.mail });
		const first = (one) => (one.texts.some((text) => text.id === view.first) ? 0 : 1);
		const companies = [...view.companies].sort((a, b) => first(a) - first(b));
		fill($("companies"), ...companies.map((one) => company(one, view.first, said)));
		show($("nothing"), !companies.length);
	}

	function company(one, first, said) {
		const texts = [...one.texts].sort((a, b) => (b.id === first) - (a.id === first));
		return el(
			"section",
			{ className: "consents", "aria-label": one.company },
			el("h2", {}, one.company),
			said?.company === one.company && !said.text ? told(said) : null,
			...texts.map((text) => card(text, one, said)),
			one.objected ? stopped(one) : stop(one)
		);
	}

	function card(text, one, said) {
		const facts = [
			text.channel && t(`channel_${text.channel}`),
			text.since && t("since", { date: day(text.since) }),
			text.until && t("until", { date: day(text.until) }),
		].filter(Boolean);
		const failed = el("div", { className: "problem", role: "alert" });
		return el(
			"article",
			{ className: "consent", "data-text": text.id, "data-state": text.state },
			el("h3", { tabindex: "-1" }, text.title),
			el("p", { className: `badge ${BADGES[text.state]}` }, text.state === "given" ? icon("check") : null, t(text.state)),
			facts.length ? el("p", { className: "hint" }, facts.join(" · ")) : null,
			el("p", { className: "lines", lang: text.language }, text.words),
			text.said_words
				? el("details", { className: "plain" }, el("summary", {}, t("said_words")), el("p", { className: "lines" }, text.said_words))
				: null,
			said?.text === text.id ? told(said) : null,
			failed,
			actions(text, one, failed)
		);
	}

	function told(said) {
		const words = [said.words, said.mailed ? t("mailed") : ""].filter(Boolean).join(" ");
		return el("p", { className: "note good" }, icon("check"), el("span", {}, words));
	}

	function actions(text, one, failed) {
		const button = (verb, label, kind = "") => {
			const node = el("button", { type: "button", className: `button ${kind}` }, label);
			node.addEventListener("click", () => answer(node, verb, text, one, failed));
			return node;
		};
		if (text.state === "given") return el("div", { className: "row" }, button("withdraw", t("withdraw")));
		if (text.closed) return el("p", { className: "hint" }, t("closed"));
		const label = { pending: "confirm", ended: "renew", withdrawn: "renew" }[text.state] || "give";
		const yes = button("give", t(label), text.state === "pending" ? "primary" : "");
		const open = ["none", "pending", "ended"].includes(text.state);
		return el("div", { className: "row" }, yes, open ? button("refuse", t("refuse")) : null);
	}

	function answer(button, verb, text, one, failed) {
		const words = { give: "now_given", withdraw: "now_withdrawn", refuse: "now_refused" };
		return send(button, failed, "answer", { text: text.id, version: text.version, verb }, (mailed) => ({
			company: one.company,
			text: text.id,
			words: t(words[verb]),
			mailed,
		}));
	}

	function stop(one) {
		const failed = el("div", { className: "problem", role: "alert" });
		const label = t("stop", { company: one.company });
		const button = el("button", { type: "button", className: "button quiet" }, label);
		button.addEventListener("click", () => object(button, one, failed, false));
		return el("div", { className: "stop" }, button, el("p", { className: "hint" }, t("stop_help")), failed);
	}

	function stopped(one) {
		const failed = el("div", { className: "problem", role: "alert" });
		const button = el("button", { type: "button", className: "button" }, t("allow"));
		button.addEventListener("click", () => object(button, one, failed, true));
		return el("div", { className: "stop" }, el("p", {}, t("stopped", { company: one.company })), button, failed);
	}

	const object = (button, one, failed, lift) =>
		send(button, failed, "object_to_all", { company: one.company, lift }, (mailed) => ({
			company: one.company,
			words: t(lift ? "now_lifted" : "now_objected", { company: one.company }),
			mailed,
		}));

	function send(button, failed, verb, body, said_of) {
		problem(failed, "");
		return busy(
			button,
			async () => {
				try {
					const { view, mailed } = await call(verb, body);
					const said = said_of(mailed);
					draw(view, said);
					announce(said.words);
					const place = said.text ? `[data-text="${CSS.escape(said.text)}"] h3` : "h1";
					$("list-step").querySelector(place)?.focus({ preventScroll: true });
				} catch (error) {
					if (["session_expired", "not_identified"].includes(error.code)) return begin_again(error.text);
					problem(failed, error.text);
					if (error.code === "changed") draw(await call("view"));
				}
			},
			t("saving")
		);
	}

	$("another").addEventListener("click", () => {
		end();
		$("mail").value = "";
		go("mail");
	});

	// The link's token leaves the address bar at once; a reload goes on with the session.
	const token = location.hash.slice(1).trim();
	if (token && token !== "main") {
		history.replaceState(history.state, "", location.pathname + location.search);
		end();
		go("open", false);
		call("open_link", { token })
			.then((answer) => {
				store.set("consents", answer.session);
				list(answer.view, false);
			})
			.catch((error) => begin_again(error.text));
	} else resume((view) => list(view, false));
}
