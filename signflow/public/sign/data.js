// The page on which a person fetches the copy of her data: by the link of our mail, then a code to the same mailbox.

const query = new URL(import.meta.url).search;
const STEPS = ["open", "mail", "code", "list"];

Promise.all(["kit", "visit"].map((name) => import(`./${name}.js${query}`))).then(([kit, visit]) => begin(kit, visit));

function begin(kit, { create }) {
	const { $, t, el, icon, fill, show, day, size, count, problem, busy, store, announce, save } = kit;
	const { call, ask, go, begin_again, end, resume } = create(kit, {
		name: "data",
		api: "/api/method/signflow.api.subject_access.",
		steps: STEPS,
		identified: ready,
		asks: () => ({ token: store.get("data_link") || "" }),
	});

	let number = "data";

	function ready(view, focus = true) {
		number = view.number;
		$("about").textContent = t("about", { company: view.company, number: view.number });
		const facts = [count("records", view.records), view.files ? count("files", view.files) : "", size(view.size)];
		fill($("facts"), ...facts.filter(Boolean).map((text) => el("span", {}, text)));
		$("until").textContent = t("until", { date: day(view.until) });
		$("passphrase").textContent = view.passphrase;
		show($("opened"), view.opens);
		go("list", focus);
	}

	$("copy").addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText($("passphrase").textContent);
			tell("copied");
		} catch {
			getSelection().selectAllChildren($("passphrase"));
			tell("not_copied");
		}
	});

	function tell(key) {
		$("copy").textContent = t(key);
		announce(t(key));
	}

	const fetch_it = (button, opened) =>
		busy(
			button,
			async () => {
				problem($("fetch-problem"), "");
				try {
					const bytes = await call("download", { opened }, 600);
					save(bytes, opened ? `${number}-${t("unencrypted")}` : number, "zip");
					fill($("fetched"), icon("check"), el("span", {}, t("fetched")));
					show($("fetched"));
					announce(t("fetched"));
				} catch (error) {
					if (["session_expired", "not_identified", "old_link"].includes(error.code)) return begin_again(error.text);
					problem($("fetch-problem"), error.text);
				}
			},
			t("fetching")
		);
	$("fetch").addEventListener("click", () => fetch_it($("fetch"), false));
	$("fetch-opened").addEventListener("click", () => fetch_it($("fetch-opened"), true));

	// The link's token leaves the address bar at once; a reload goes on with the session.
	const token = location.hash.slice(1).trim();
	if (token && token !== "main") {
		history.replaceState(history.state, "", location.pathname + location.search);
		end();
		store.set("data_link", token);
		go("open", false);
		ask($("resend"), $("mail-problem")).then(() => $("code-step").hidden && go("mail"));
	} else resume((view) => ready(view, false));
}
