// The page on which a consumer withdraws: what is stated, then a summary to confirm, then the receipt.

const query = new URL(import.meta.url).search;
const API = {
	review: "/api/method/signflow.api.withdrawals.review",
	confirm: "/api/method/signflow.api.withdrawals.confirm",
};
const STEPS = ["state", "confirm", "receipt"];
const FIELDS = { person_name: "person-name", contract_reference: "contract", email: "mail", message: "message", trap: "website" };
const NEEDED = { person_name: "name_missing", contract_reference: "contract_missing", email: "mail_missing" };

import(`./kit.js${query}`).then(begin);

function begin(kit) {
	const { $, t, fillList, lang, show, moment, problem, busy, post, store, keep, once_key, watch_bars } = kit;
	watch_bars();
	let stated = null;
	Object.values(FIELDS).forEach((id) => id !== "website" && keep($(id), `withdraw.${id}`));
	const asked = new URLSearchParams(location.search).get("ref");
	if (asked && !$("contract").value) $("contract").value = asked.slice(0, 140);

	const call = (url, body) =>
		post(url, {
			headers: { "Content-Type": "application/json", Accept: "application/json" },
			body: JSON.stringify({ language: lang, ...body }),
		});

	function go(step) {
		for (const name of STEPS) show($(`${name}-step`), name === step);
		window.scrollTo(0, 0);
		$(`${step}-step`).querySelector("h1").focus({ preventScroll: true });
	}

	function wrong(field, text) {
		const node = $(FIELDS[field]);
		problem($(`${node.id}-problem`), text, node);
		node.focus();
	}

	for (const field of Object.keys(NEEDED)) {
		const node = $(FIELDS[field]);
		node.addEventListener("input", () => problem($(`${node.id}-problem`), "", node));
	}

	$("state-form").addEventListener("submit", (event) => {
		event.preventDefault();
		problem($("state-problem"), "");
		const values = Object.fromEntries(Object.entries(FIELDS).map(([name, id]) => [name, $(id).value]));
		const missing = Object.keys(NEEDED).find((name) => values[name].trim().length < 2);
		if (missing) return wrong(missing, t(NEEDED[missing]));
		busy($("state-next"), async () => {
			try {
				stated = await call(API.review, values);
				fillList($("summary"), rows(stated));
				problem($("confirm-problem"), "");
				setTimeout(() => go("confirm"));
			} catch (error) {
				if (NEEDED[error.details?.field]) setTimeout(() => wrong(error.details.field, error.text));
				else problem($("state-problem"), error.text);
			}
		});
	});

	const rows = (values) => [
		[t("name"), values.person_name],
		[t("contract"), values.contract_reference, "lines"],
		[t("mail"), values.email],
		[t("message"), values.message, "lines"],
	];

	$("back").addEventListener("click", () => go("state"));

	$("confirm").addEventListener("click", () => {
		problem($("confirm-problem"), "");
		busy(
			$("confirm"),
			async () => {
				try {
					const answer = await call(API.confirm, { ...stated, page_key: once_key("withdrawal", stated) });
					$("receipt-mail").textContent = answer.mailed ? t("mailed", { address: stated.email }) : t("not_mailed");
					fillList($("receipt"), [
						[t("reference"), answer.reference],
						[t("received"), moment(answer.stated_on)],
					]);
					$("statement").textContent = answer.statement;
					store.clear();
					setTimeout(() => go("receipt"));
				} catch (error) {
					problem($("confirm-problem"), error.text);
				}
			},
			t("sending")
		);
	});

	document.querySelectorAll("[data-language]").forEach((link) =>
		link.addEventListener("click", (event) => {
			event.preventDefault();
			if (link.getAttribute("aria-current")) return;
			const search = new URLSearchParams(location.search);
			search.set("lang", link.dataset.language);
			location.replace(`${location.pathname}?${search}`);
		})
	);
}
