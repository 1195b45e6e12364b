// Third step: name, look of the signature, consent, and the act itself.

export function create(kit, app, { createPad }) {
	const { $, t, count, el, icon, fill, show, problem, busy, store, keep, size } = kit;
	const name = $("name");
	const accept = $("accept");
	const form = $("sign-form");
	const drawn = () => form.elements.how.value === "drawn";

	const nameKept = keep(name);
	keep(accept);
	form.elements.how.value = store.get("how") || "typed";

	const pad = createPad($("pad"), {
		strokes: store.get("strokes") || [],
		changed: (strokes) => {
			store.set("strokes", strokes);
			problem($("drawn-problem"), "");
			drawPad();
		},
	});
	$("pad-clear").addEventListener("click", pad.clear);
	$("pad-undo").addEventListener("click", pad.undo);
	window.addEventListener("resize", pad.fit);

	name.addEventListener("input", () => {
		problem($("name-problem"), "", name);
		drawTyped();
	});
	accept.addEventListener("change", () => problem($("accept-problem"), "", accept));
	form.addEventListener("change", (event) => {
		if (event.target.name !== "how") return;
		store.set("how", form.elements.how.value);
		problem($("drawn-problem"), "");
		drawHow();
	});
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		sign();
	});

	function enter(view) {
		const number = view.documents.length;
		$("sign-title").textContent = count("sign", number);
		$("sign-next").textContent = app.origin.button(view, count("sign_next", number));
		$("accept-text").textContent = count("accept", number);
		$("seal-line").textContent = t("seal_line", { house: view.house.name });
		fill(
			$("signing"),
			...view.documents.map((item) =>
				el(
					"li",
					{},
					icon("doc"),
					el(
						"div",
						{},
						el("span", {}, item.title, " "),
						el("span", { className: "hint" }, item.pages ? count("pages", item.pages) : size(item.size))
					)
				)
			)
		);
		const seen = store.get("opened") || [];
		const unopened = view.documents.filter((item) => !seen.includes(item.id)).map((item) => item.title);
		fill($("unopened"), icon("warn"), el("span", {}, t("unopened", { titles: unopened.join(", ") })));
		show($("unopened"), unopened.length > 0);
		if (!nameKept && !name.value) name.value = view.signer.name || "";
		problem($("sign-problem"), "");
		drawTyped();
		drawHow();
	}

	function drawTyped() {
		$("typed").textContent = name.value.trim() || "\u00a0";
	}

	function drawHow() {
		show($("typed"), !drawn());
		show($("drawn"), drawn());
		if (drawn()) pad.fit();
		drawPad();
	}

	function drawPad() {
		$("drawn").classList.toggle("empty", pad.isEmpty);
		$("pad-clear").disabled = $("pad-undo").disabled = pad.isEmpty;
	}

	/** The first thing that is missing gets the focus; all of them are named. */
	function sound() {
		const wrong = [];
		const check = (isRight, node, text, field) => {
			problem(node, isRight ? "" : text, field.matches("input[type=radio]") ? null : field);
			if (!isRight) wrong.push(field);
		};
		check(name.value.trim().length > 1, $("name-problem"), t("name_missing"), name);
		check(!drawn() || !pad.isEmpty, $("drawn-problem"), t("drawn_missing"), form.querySelector("[value=drawn]"));
		check(accept.checked, $("accept-problem"), t("accept_missing"), accept);
		wrong[0]?.focus();
		return !wrong.length;
	}

	function sign() {
		if (!sound()) return;
		problem($("sign-problem"), "");
		return busy(
			$("sign-next"),
			async () => {
				const { documents } = app.view;
				try {
					const view = await app.api.call(
						"sign",
						{
							name: name.value.trim(),
							drawn: drawn() ? pad.png() : null,
							documents: documents.map(({ id, sha256 }) => ({ id, sha256 })),
							accepted: true,
						},
						90
					);
					app.take(view);
				} catch (error) {
					await fail(error);
				}
			},
			t("sign_busy")
		);
	}

	/** An answer that got lost may hide a signature that was recorded: look before asking to sign again. */
	async function fail(error) {
		const view = await app.api.view().catch(() => null);
		if (view && (view.state !== "open" || !view.signer.identified)) {
			if (await app.took({ code: "not_identified" })) return;
		}
		problem($("sign-problem"), error.text);
		$("sign-problem").scrollIntoView({ block: "nearest" });
	}

	return { enter };
}
