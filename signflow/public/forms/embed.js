// Shows a signable form on any web site:
//   <script src="https://erp.example.com/sign/embed.js" data-form="membership" async></script>
// The frame stands where the script stands and grows with the form. The script's element gets the events
// `signflow:loaded`, `signflow:submitted`, `signflow:signed` and `signflow:cancelled`; a page may listen on `document`.
(() => {
	const script = document.currentScript;
	const home = new URL(script.src).origin;
	const query = new URLSearchParams({ signflow_host: location.origin });
	if (script.dataset.lang) query.set("lang", script.dataset.lang);

	const frame = document.createElement("iframe");
	const token = script.dataset.prefill ? `#prefill=${script.dataset.prefill}` : "";
	frame.src = `${home}/${script.dataset.form}/new?${query}${token}`;
	frame.title = script.dataset.title || "Form";
	frame.allow = "fullscreen";
	frame.style.cssText = "width:100%;border:0;min-height:480px;display:block";
	script.after(frame);

	window.addEventListener("message", (event) => {
		const said = event.data;
		if (event.source !== frame.contentWindow || event.origin !== home || said?.source !== "signflow") return;
		if (said.event === "height") {
			frame.style.minHeight = 0;
			frame.style.height = `${Math.min(Math.max(Number(said.height) || 0, 200), 20000)}px`;
			return;
		}
		// A new step begins at its top, which may lie far above what is seen of a long frame.
		if (said.event === "step") {
			if (frame.getBoundingClientRect().top < 0) frame.scrollIntoView({ block: "start" });
			return;
		}
		if (["loaded", "submitted", "signed", "cancelled"].includes(said.event)) {
			const detail = { form: String(said.form || ""), event: said.event };
			script.dispatchEvent(new CustomEvent(`signflow:${said.event}`, { bubbles: true, detail }));
		}
	});
})();
