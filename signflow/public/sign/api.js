// The signing end points, the invitation's token and the session that it was exchanged for.

const BASE = "/api/method/signflow.api.signing.";

export function createApi({ store, post, lang, Failure, t }) {
	takeToken();

	/** The token travels in the address' fragment, which no server sees; then it leaves the address bar too. */
	function takeToken() {
		const token = location.hash.slice(1).trim();
		if (!token || token === "main") return false;
		if (token !== store.get("token")) {
			store.clear();
			store.set("token", token);
		}
		history.replaceState(history.state, "", location.pathname + location.search);
		return true;
	}

	function send(verb, body, seconds) {
		const headers = { "Content-Type": "application/json", Accept: "application/json" };
		const session = store.get("session");
		if (session) headers["X-Signflow-Session"] = session;
		return post(verb.includes(".") ? `/api/method/${verb}` : BASE + verb, { headers, body: JSON.stringify(body) }, seconds);
	}

	async function open() {
		store.set("session", null);
		const query = new URLSearchParams(location.search);
		const form = query.get("form");
		const said = { ...(query.get("lang") && { language: lang }), ...(form && { form }) };
		const answer = await send("open", { token: store.get("token"), ...said });
		store.set("session", answer.session);
		return answer.view;
	}

	/** Calls `verb`; a session that ran out is renewed once with the token, unseen. */
	async function call(verb, body = {}, seconds = 30) {
		try {
			return await send(verb, body, seconds);
		} catch (error) {
			if (error.code !== "session_expired" || !store.get("token")) throw error;
			await open();
			return send(verb, body, seconds);
		}
	}

	return {
		call,
		takeToken,
		get hasToken() {
			return Boolean(store.get("token"));
		},
		start: () => (store.get("session") ? call("view", { language: lang }) : open()),
		view: () => call("view", { language: lang }),
		form: (method) => send(method, { language: lang }, 30),
		newLink: () => send("send_new_link", { token: store.get("token") }),
		async document(id, purpose) {
			const bytes = await call("document", { document: id, purpose }, 120);
			if (!(bytes instanceof ArrayBuffer)) throw new Failure("server", t("server"));
			return bytes;
		},
	};
}
