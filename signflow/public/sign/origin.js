// A signer who came from a form of ours: the way back to the answers, a link for later, what the order button says, and
// the events for the web site in whose frame the page stands.

export function create(kit, app) {
	const { $, t, show, problem, busy, announce } = kit;
	const framed = window.parent !== window;
	let told = "";
	let host = "";
	let name = "";

	document.documentElement.classList.toggle("framed", framed);

	function tell(event, more = {}) {
		if (framed && host) window.parent.postMessage({ source: "signflow", form: name, event, ...more }, host);
	}

	if (framed && window.ResizeObserver) {
		let last = 0;
		new ResizeObserver(() => {
			const height = Math.ceil(document.body.getBoundingClientRect().height);
			if (Math.abs(height - last) > 2) tell("height", { height: (last = height) });
		}).observe(document.body);
	}

	$("change-answers").addEventListener("click", () =>
		busy($("change-answers"), async () => {
			try {
				const { next } = await app.api.form("signflow.api.forms.change_answers");
				const asked = new URL(next, location.origin);
				if (host) asked.searchParams.set("signflow_host", host);
				location.assign(asked);
			} catch (error) {
				problem($("read-problem"), error.text);
				await app.took(error);
			}
		})
	);

	$("mail-link").addEventListener("click", () =>
		busy($("mail-link"), async () => {
			try {
				const { text } = await app.api.form("signflow.api.forms.mail_link");
				$("mail-link-said").textContent = text;
				announce(text);
			} catch (error) {
				$("mail-link-said").textContent = error.text;
			}
		})
	);

	function draw(view) {
		const { form } = view;
		const open = Boolean(form?.editable) && view.state === "open";
		show($("change-answers"), open);
		show($("mail-link"), open);
		show($("genuine"), !form);
		if (!form) return;
		({ host, name } = form);
		if (form.color) document.documentElement.style.setProperty("--accent", form.color);
		const event = { signed: "signed", sealing: "signed", completed: "signed", declined: "cancelled" }[view.state] || "loaded";
		// Whoever comes from the form stood at its end.
		if (!told) tell("step");
		if (event !== told) tell((told = event));
	}

	/** What the button says by which one signs: an order says that it binds to pay (2011/83/EU, 8(2)). */
	const button = (view, usual) => (view.form?.binds_to_pay ? t("order_and_pay") : view.form?.button || usual);

	return { draw, button, step: () => tell("step") };
}
