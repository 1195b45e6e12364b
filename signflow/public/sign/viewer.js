// The documents, drawn in the page by pdf.js, which is loaded only when the first one is opened.

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];
// What a phone's browser can hold in one canvas without dropping the page.
const MOST_PIXELS = 8e6;
// "Fit to width" stays readable on a wide screen.
const WIDEST = 960;

let loading = null;

function pdfjs() {
	const folder = document.documentElement.dataset.pdfjs;
	loading ||= import(`${folder}/pdf.js`).then((library) => {
		library.GlobalWorkerOptions.workerSrc = `${folder}/pdf.worker.js`;
		return library;
	});
	loading.catch(() => (loading = null));
	return loading;
}

export function createViewer(kit, { fetch, opened, took }) {
	const { $, t, count, el, icon, fill, show, problem, announce, sha256, Failure } = kit;
	const root = $("viewer");
	const box = $("pages");
	let shown = null;
	let sheets = [];
	let zoom = 1;
	let asked = 0;
	let watcher = null;

	async function open(item, { focus = false } = {}) {
		const turn = ++asked;
		show(root);
		drop();
		api.item = item;
		$("viewer-title").textContent = item.title;
		box.setAttribute("aria-label", t("viewer_label", { title: item.title }));
		show($("viewer-note"), false);
		fill(box, el("p", { className: "spinner-line" }, el("span", { className: "spinner", "aria-hidden": "true" }), t("viewer_loading")));
		$("page-number").textContent = item.pages ? t("page_of", { page: 1, count: item.pages }) : "";
		if (focus) box.focus();
		try {
			const [library, bytes] = await Promise.all([pdfjs(), fetch(item)]);
			if (turn !== asked) return;
			const digest = await sha256(bytes);
			if (digest && item.sha256 && digest !== item.sha256.toLowerCase()) throw new Failure("changed", t("viewer_changed"));
			const folder = document.documentElement.dataset.pdfjs;
			const pdf = await library.getDocument({
				data: bytes,
				cMapUrl: new URL(`${folder}/cmaps/`, location.href).href,
				cMapPacked: true,
				standardFontDataUrl: new URL(`${folder}/standard_fonts/`, location.href).href,
				isEvalSupported: false,
				enableXfa: false,
				stopAtErrors: false,
			}).promise;
			if (turn !== asked) return pdf.destroy();
			shown = { pdf, library };
			await lay(turn);
			opened(item);
			announce(t("viewer_ready", { title: item.title, pages: count("pages", pdf.numPages) }));
		} catch (error) {
			if (turn === asked) await fail(item, error);
		}
	}

	async function fail(item, error) {
		if (error.code === undefined) console.error(error);
		api.item = null;
		if (await took(error)) return;
		const node = el("div", { className: "problem" });
		problem(node, error.text || t("viewer_failed"), null, () => open(item, { focus: true }));
		fill(box, node);
		announce(error.text || t("viewer_failed"));
	}

	function drop() {
		watcher?.disconnect();
		sheets.forEach(clear);
		sheets = [];
		shown?.pdf.destroy();
		shown = null;
	}

	/** One empty sheet per page, of the first page's size until its own is known; drawn when it comes near. */
	async function lay(turn) {
		const first = await shown.pdf.getPage(1);
		if (turn !== asked) return;
		const { width, height } = first.getViewport({ scale: 1 });
		const number = shown.pdf.numPages;
		sheets = Array.from({ length: number }, (_, index) => ({
			index,
			width,
			height,
			drawing: null,
			node: el("div", {
				className: "sheet",
				role: "group",
				"aria-label": t("page_label", { page: index + 1, count: number }),
			}),
		}));
		fill(box, ...sheets.map((sheet) => sheet.node));
		measure();
		box.scrollTop = 0;
		const near = { root: box, rootMargin: "150% 0px" };
		watcher = new IntersectionObserver((entries) => {
			for (const entry of entries) {
				const sheet = sheets.find((each) => each.node === entry.target);
				if (!sheet) continue;
				if (entry.isIntersecting) draw(sheet);
				else clear(sheet);
			}
		}, near);
		sheets.forEach((sheet) => watcher.observe(sheet.node));
		place();
	}

	/** A scan without a text layer is shut to screen readers: say so, with a way out. */
	function warnPicture(content) {
		if (content.items.some((item) => item.str?.trim())) return;
		fill($("viewer-note"), icon("unknown"), el("span", {}, t("viewer_no_text")));
		show($("viewer-note"));
	}

	const scaleOf = (sheet) => (Math.min(box.clientWidth - 2 * gap(), WIDEST) / sheet.width) * zoom;
	const gap = () => (box.clientWidth < 500 ? 0 : 20);

	function measure() {
		if (!box.clientWidth) return;
		for (const sheet of sheets) size(sheet);
		$("zoom-out").disabled = zoom <= ZOOMS[0];
		$("zoom-in").disabled = zoom >= ZOOMS[ZOOMS.length - 1];
	}

	function size(sheet) {
		const scale = scaleOf(sheet);
		sheet.node.style.width = `${Math.floor(sheet.width * scale)}px`;
		sheet.node.style.height = `${Math.floor(sheet.height * scale)}px`;
	}

	async function draw(sheet) {
		if (sheet.drawing || !shown) return;
		const mine = (sheet.drawing = { stop: null });
		const { pdf, library } = shown;
		try {
			const page = await pdf.getPage(sheet.index + 1);
			if (sheet.drawing !== mine) return;
			const natural = page.getViewport({ scale: 1 });
			if (natural.width !== sheet.width || natural.height !== sheet.height) {
				Object.assign(sheet, { width: natural.width, height: natural.height });
				size(sheet);
			}
			const scale = scaleOf(sheet);
			const viewport = page.getViewport({ scale });
			const wish = Math.max(2, window.devicePixelRatio || 1);
			const sharp = Math.min(wish, 3, Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)));
			const canvas = el("canvas", { "aria-hidden": "true" });
			canvas.width = Math.floor(viewport.width * sharp);
			canvas.height = Math.floor(viewport.height * sharp);
			const task = page.render({
				canvasContext: canvas.getContext("2d", { alpha: false }),
				viewport,
				transform: [sharp, 0, 0, sharp, 0, 0],
			});
			mine.stop = () => task.cancel();
			await task.promise;
			if (sheet.drawing !== mine) return;
			const layer = el("div", { className: "text-layer" });
			layer.style.setProperty("--scale-factor", scale);
			fill(sheet.node, canvas, layer);
			// Asked for once, and only when the picture is done: the worker does one thing at a time.
			const content = await page.getTextContent();
			if (sheet.drawing !== mine) return;
			if (!sheet.index) warnPicture(content);
			await new library.TextLayer({ textContentSource: content, container: layer, viewport }).render();
		} catch (error) {
			// A sheet that was cleared meanwhile has nothing left to fail.
			if (error?.name === "RenderingCancelledException" || sheet.drawing !== mine) return;
			console.error(error);
			sheet.drawing = null;
		}
	}

	function clear(sheet) {
		sheet.drawing?.stop?.();
		sheet.drawing = null;
		const canvas = sheet.node.querySelector("canvas");
		// Safari frees a canvas' memory only when it is made small.
		if (canvas) canvas.width = canvas.height = 0;
		fill(sheet.node);
	}

	function redraw() {
		if (!sheets.length || !box.clientWidth) return;
		const here = current();
		const within = sheets[here] ? (box.scrollTop - sheets[here].node.offsetTop) / sheets[here].node.offsetHeight : 0;
		sheets.forEach(clear);
		watcher.disconnect();
		measure();
		box.scrollTop = sheets[here].node.offsetTop + within * sheets[here].node.offsetHeight;
		sheets.forEach((sheet) => watcher.observe(sheet.node));
	}

	function current() {
		const middle = box.scrollTop + box.clientHeight / 3;
		const after = sheets.findIndex((sheet) => sheet.node.offsetTop > middle);
		return Math.max(0, (after === -1 ? sheets.length : after) - 1);
	}

	function place() {
		if (!sheets.length) return;
		const here = current();
		$("page-number").textContent = t("page_of", { page: here + 1, count: sheets.length });
		$("page-back").disabled = here === 0 && box.scrollTop < 8;
		$("page-next").disabled = here === sheets.length - 1;
	}

	function turnTo(index) {
		const sheet = sheets[Math.min(Math.max(index, 0), sheets.length - 1)];
		if (sheet) box.scrollTop = sheet.node.offsetTop - (sheet.index ? 8 : 20);
		announce(t("page_label", { page: (sheet?.index ?? 0) + 1, count: sheets.length }));
	}

	function setZoom(next) {
		if (next === zoom) return;
		zoom = next;
		redraw();
	}

	const step = (direction) => {
		const wider = direction > 0 ? ZOOMS.find((each) => each > zoom) : [...ZOOMS].reverse().find((each) => each < zoom);
		if (wider) setZoom(wider);
	};

	box.addEventListener("scroll", place, { passive: true });
	$("page-back").addEventListener("click", () => turnTo(current() - 1));
	$("page-next").addEventListener("click", () => turnTo(current() + 1));
	$("zoom-in").addEventListener("click", () => step(1));
	$("zoom-out").addEventListener("click", () => step(-1));
	$("zoom-fit").addEventListener("click", () => setZoom(1));

	fullScreen(kit, root, redraw);

	let width = box.clientWidth;
	let timer = null;
	function resize() {
		if (box.clientWidth === width) return;
		width = box.clientWidth;
		clearTimeout(timer);
		timer = setTimeout(redraw, 150);
	}
	if (window.ResizeObserver) new ResizeObserver(resize).observe(box);

	const api = { open, resize, item: null };
	return api;
}

/** The viewer over the whole window; Escape and the browser's Back return. */
function fullScreen({ $, t }, root, redraw) {
	const button = $("full");
	const openLabel = button.getAttribute("aria-label");
	let silenced = [];

	function set(on) {
		if (on === root.classList.contains("full")) return;
		root.classList.toggle("full", on);
		document.documentElement.classList.toggle("has-full", on);
		button.setAttribute("aria-label", on ? t("full_close") : openLabel);
		if (on) {
			root.setAttribute("role", "dialog");
			root.setAttribute("aria-modal", "true");
			silenced = around(root);
			silenced.forEach((node) => (node.inert = true));
			history.pushState({ ...history.state, full: true }, "");
		} else {
			root.removeAttribute("role");
			root.removeAttribute("aria-modal");
			silenced.forEach((node) => (node.inert = false));
		}
		redraw();
		button.focus();
	}

	const leave = () => (history.state?.full ? history.back() : set(false));
	button.addEventListener("click", () => (root.classList.contains("full") ? leave() : set(true)));
	window.addEventListener("popstate", (event) => set(Boolean(event.state?.full) && root.classList.contains("full")));
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape" && root.classList.contains("full")) leave();
	});
}

function around(node) {
	const others = [];
	for (let each = node; each.parentElement && each !== document.body; each = each.parentElement) {
		others.push(...[...each.parentElement.children].filter((other) => other !== each && other.id !== "status" && !other.inert));
	}
	return others;
}
