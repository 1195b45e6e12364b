// The checking page: takes a PDF, asks the server, and tells the verdict in words.

const query = new URL(import.meta.url).search;
const URL_OF_CHECK = "/api/method/signflow.api.verify.verify_document";
const MOST_BYTES = 50e6;
const MARKS = {
	genuine: ["ok", "good"],
	earlier_version: ["clock", "warn"],
	altered: ["stop", "bad"],
	unknown: ["unknown", ""],
	unreadable: ["warn", "warn"],
};

import(`./kit.js${query}`).then(begin);

function begin(kit) {
	const { $, t, el, icon, fill, fillList, lang, show, moment, size, problem, post, sha256, announce } = kit;
	const drop = $("drop");
	const input = $("file");
	let last = null;
	let turn = 0;

	input.addEventListener("change", () => {
		if (input.files[0]) check(input.files[0]);
		input.value = "";
	});
	$("retry").addEventListener("click", () => last && check(last));

	for (const name of ["dragenter", "dragover"]) {
		window.addEventListener(name, (event) => {
			event.preventDefault();
			drop.classList.add("over");
		});
	}
	window.addEventListener("dragleave", (event) => !event.relatedTarget && drop.classList.remove("over"));
	window.addEventListener("drop", (event) => {
		event.preventDefault();
		drop.classList.remove("over");
		const file = event.dataTransfer?.files?.[0];
		if (file) check(file);
	});

	async function check(file) {
		const mine = ++turn;
		last = file;
		show($("result"), false);
		show($("verify-retry"), false);
		show($("test-seal"), false);
		problem($("verify-problem"), "");
		const wrong = await refusal(file);
		if (mine !== turn) return;
		if (wrong) {
			$("drop-text").textContent = file.name;
			return problem($("verify-problem"), wrong);
		}
		$("drop-text").classList.remove("at-rest");
		$("drop-text").replaceChildren(
			el("span", { className: "spinner", "aria-hidden": "true" }),
			el("span", {}, t("checking", { file: file.name }))
		);
		announce(t("checking", { file: file.name }));
		drop.classList.add("busy");
		try {
			const body = new FormData();
			body.append("file", file, file.name);
			body.append("language", lang);
			const answer = await post(URL_OF_CHECK, { headers: { Accept: "application/json" }, body }, 120);
			const digest = answer.sha256 || (await sha256(await file.arrayBuffer()));
			if (mine === turn) draw(file, { ...answer, sha256: digest });
		} catch (error) {
			if (mine !== turn) return;
			problem($("verify-problem"), error.text || t("server"));
			show($("verify-retry"), true);
		} finally {
			if (mine === turn) {
				drop.classList.remove("busy");
				$("drop-text").textContent = file.name;
				$("file-label").textContent = t("another");
			}
		}
	}

	async function refusal(file) {
		if (!file.size) return t("empty_file");
		if (file.size > MOST_BYTES) return t("too_big", { size: size(MOST_BYTES) });
		const start = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
		return String.fromCharCode(...start).includes("%PDF-") ? "" : t("not_pdf");
	}

	function draw(file, answer) {
		const [name, className] = MARKS[answer.verdict] || MARKS.unreadable;
		const verdict = t(MARKS[answer.verdict] ? answer.verdict : "unreadable");
		$("verdict-box").className = `verdict ${className}`;
		fill($("verdict-mark"), icon(name));
		$("verdict").textContent = verdict;
		$("verdict-text").textContent = answer.text || "";

		const problems = answer.problems || [];
		fill($("problems"), ...problems.map((text) => el("li", {}, text)));
		show($("problems"), problems.length > 0);

		const found = answer.document || {};
		fillList($("found"), [
			[t("document"), found.title],
			[t("reference"), found.reference],
			[t("house"), found.house],
			[t("seal_subject"), found.seal_subject],
			[t("completed_on"), found.completed_on && moment(found.completed_on)],
			[t("seal_level"), found.level && `PAdES ${found.level}`],
		]);
		show($("test-seal"), Boolean(found.seal_is_test));

		const signers = answer.signers || [];
		const intact = ["genuine", "earlier_version"].includes(answer.verdict);
		fill($("signers"), ...signers.map((signer) => signerRow(signer, intact)));
		show($("found-signers"), signers.length > 0);
		$("hash").textContent = answer.sha256 || "";
		show($("result"));
		$("verdict").focus({ preventScroll: true });
		$("result").scrollIntoView({ block: "start" });
		announce(t("result_ready", { verdict }));
	}

	function signerRow(signer, intact) {
		return el(
			"li",
			{ className: intact ? "good" : null },
			icon(intact ? "ok" : "pen"),
			el(
				"div",
				{},
				el("strong", {}, signer.name),
				signer.signed_on ? el("span", { className: "hint" }, t("signed_on", { date: moment(signer.signed_on) })) : null,
				signer.identified_by ? el("span", { className: "hint" }, t("identified_by", { how: signer.identified_by })) : null
			)
		);
	}

	document.querySelectorAll("[data-language]").forEach((link) => {
		if (link.getAttribute("aria-current")) link.addEventListener("click", (event) => event.preventDefault());
	});
}
