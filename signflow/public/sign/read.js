// First step: what is asked, by whom, and the documents to read.

export function create(kit, app, { createViewer }) {
	const { $, t, count, el, icon, fill, show, day, size, problem, busy, store, announce, save } = kit;
	const viewer = createViewer(kit, {
		fetch: (item) => app.api.document(item.id, "view"),
		opened,
		took: app.took,
	});

	const openedOnes = () => store.get("opened") || [];

	function opened(item) {
		if (!openedOnes().includes(item.id)) store.set("opened", [...openedOnes(), item.id]);
		drawDocuments();
	}

	$("read-next").addEventListener("click", () => app.go(app.view.signer.identified ? "sign" : "confirm"));

	function enter(view) {
		const { request, sender, house } = view;
		const company = sender.company || house.name;
		// Nobody asks whoever came by himself, from a form.
		$("asks").textContent = view.form ? company : t("asks", { company });
		$("request-title").textContent = request.title;
		fill(
			$("request-facts"),
			!view.form && sender.name && el("li", {}, t("sent_by", { name: sender.name })),
			request.expires_on && el("li", {}, t("sign_by", { date: day(request.expires_on) }))
		);
		$("message-text").textContent = request.message || "";
		$("message-from").textContent = t("message_from", { name: sender.name || company });
		show($("message"), Boolean(request.message));

		const closed = view.documents.some((item) => !item.readable);
		show($("confidential"), closed);
		drawDocuments();
		drawBar(view, closed);
		if (!closed && !viewer.item) {
			const current = view.documents.find((item) => item.id === store.get("current")) || view.documents[0];
			if (current) viewer.open(current);
		}
		viewer.resize();
	}

	function drawBar(view, closed) {
		const waiting = view.state === "waiting";
		show($("read-next"), !waiting);
		$("read-next").textContent = t(view.signer.identified ? "next_sign" : "next_confirm");
		$("read-hint").textContent = waiting ? t("hint_waiting") : closed ? "" : t("hint_read");
		$("read-bar").classList.toggle("only-hint", waiting);
	}

	function drawDocuments() {
		const { documents } = app.view;
		fill($("documents"), ...documents.map(row));
	}

	function row(item) {
		const isOpen = openedOnes().includes(item.id);
		const facts = [item.pages && count("pages", item.pages), item.size && size(item.size)].filter(Boolean).join(" · ");
		const current = viewer.item?.id === item.id;
		const several = app.view.documents.length > 1;
		return el(
			"li",
			{ className: current ? "current" : null },
			icon(item.readable ? "doc" : "lock"),
			el(
				"div",
				{ className: "document-name" },
				el("strong", {}, item.title),
				el(
					"span",
					{ className: "hint" },
					facts,
					item.signed_before.length ? el("span", { className: "before" }, t("signed_before", { who: item.signed_before.join("; ") })) : null,
					isOpen ? el("span", { className: "seen" }, icon("check"), t("opened")) : null
				)
			),
			item.readable && el("div", { className: "document-actions" }, several && reader(item, current), downloader(item))
		);
	}

	function reader(item, current) {
		const label = t("read_title", { title: item.title });
		const properties = { type: "button", className: "button small", "aria-pressed": String(current), "aria-label": label };
		return el("button", { ...properties, onclick: () => read(item) }, t("read"));
	}

	function downloader(item) {
		const label = t("download_title", { title: item.title });
		const properties = { type: "button", className: "button small quiet icon-button", "aria-label": label };
		const click = (event) => download(item, event.currentTarget);
		return el("button", { ...properties, title: t("download"), onclick: click }, icon("down"));
	}

	async function read(item) {
		store.set("current", item.id);
		await viewer.open(item, { focus: true });
		drawDocuments();
	}

	function download(item, button) {
		problem($("read-problem"), "");
		return busy(button, async () => {
			try {
				save(await app.api.document(item.id, "download"), item.title);
				announce(t("downloaded", { title: item.title }));
			} catch (error) {
				if (!(await app.took(error))) problem($("read-problem"), error.text);
			}
		}, " ");
	}

	return { enter };
}
