// A place to draw a signature with finger, pen or mouse.

const INK = "#10264d";
const WIDTH = 600;
const HEIGHT = 200;

/** Strokes are kept as fractions of the pad, so that they outlive a turned phone and a reload. */
export function createPad(canvas, { strokes = [], changed }) {
	let current = null;
	const paper = canvas.getContext("2d");

	function fit() {
		const { clientWidth, clientHeight } = canvas;
		if (!clientWidth) return;
		const sharp = Math.min(window.devicePixelRatio || 1, 3);
		canvas.width = Math.round(clientWidth * sharp);
		canvas.height = Math.round(clientHeight * sharp);
		draw();
	}

	function draw() {
		paper.clearRect(0, 0, canvas.width, canvas.height);
		paint(paper, canvas.width, canvas.height);
	}

	function paint(target, width, height) {
		target.strokeStyle = target.fillStyle = INK;
		target.lineCap = target.lineJoin = "round";
		target.lineWidth = Math.max(2, height / 60);
		for (const stroke of strokes) {
			const points = stroke.map(([x, y]) => [x * width, y * height]);
			target.beginPath();
			if (points.length < 3) {
				target.arc(...points[0], target.lineWidth * 0.7, 0, Math.PI * 2);
				target.fill();
				continue;
			}
			target.moveTo(...points[0]);
			for (let index = 1; index < points.length - 1; index++) {
				const [x, y] = points[index];
				const [nextX, nextY] = points[index + 1];
				target.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
			}
			target.lineTo(...points[points.length - 1]);
			target.stroke();
		}
	}

	function point(event) {
		const box = canvas.getBoundingClientRect();
		const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
		return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)];
	}

	canvas.addEventListener("pointerdown", (event) => {
		if (event.button) return;
		event.preventDefault();
		canvas.setPointerCapture?.(event.pointerId);
		current = [point(event)];
		strokes.push(current);
		draw();
	});
	canvas.addEventListener("pointermove", (event) => {
		if (!current) return;
		const all = event.getCoalescedEvents?.() || [];
		for (const each of all.length ? all : [event]) current.push(point(each));
		draw();
	});
	const end = () => {
		if (!current) return;
		current = null;
		changed(strokes);
	};
	canvas.addEventListener("pointerup", end);
	canvas.addEventListener("pointercancel", end);

	function set(next) {
		strokes = next;
		draw();
		changed(strokes);
	}

	/** The drawing as a PNG with a clear ground, or null when there is none to speak of. */
	function png() {
		if (!strokes.length) return null;
		const sheet = document.createElement("canvas");
		const shape = canvas.clientHeight ? canvas.clientWidth / canvas.clientHeight : WIDTH / HEIGHT;
		sheet.width = WIDTH;
		sheet.height = Math.round(WIDTH / shape);
		paint(sheet.getContext("2d"), sheet.width, sheet.height);
		return sheet.toDataURL("image/png");
	}

	return {
		fit,
		png,
		clear: () => set([]),
		undo: () => set(strokes.slice(0, -1)),
		get isEmpty() {
			return strokes.reduce((sum, stroke) => sum + stroke.length, 0) < 4;
		},
	};
}
