// What is pasted or dropped anywhere on a page: a picture, or the address of one.

const firstPicture = (files) =>
  [...(files ?? [])].find((file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name));

// Return the text if it is an http(s) address and nothing else.
const addressIn = (text) => {
  const address = (text ?? "").trim();
  return /^https?:\/\/\S+$/i.test(address) ? address : null;
};

// Return the address of a picture that was dragged here from another page. If the picture is inside a
// link, the link's address is dragged; the picture's own address is in the markup beside it.
const addressDropped = (data) => {
  const markup = new DOMParser().parseFromString(data.getData("text/html"), "text/html");
  const listed = data.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
  const address = addressIn(markup.querySelector("img")?.getAttribute("src")) ?? addressIn(listed);
  return address && new URL(address).origin !== location.origin ? address : null; // not one of ours
};

// Watch the document. `wanted` returns whether the page takes pictures, and `addresses` whether it
// takes addresses too. `light` marks where a drop goes, and `receive` gets what came.
export const watchIncoming = ({ wanted, addresses, light, receive }) => {
  document.addEventListener("paste", (event) => {
    if (!wanted()) return;
    const file = firstPicture(event.clipboardData?.files);
    const address = addresses() ? addressIn(event.clipboardData?.getData("text/plain")) : null;
    if (!file && !address) return;
    event.preventDefault();
    receive({ file, address });
  });
  let depth = 0; // dragenter and dragleave come for every nested element
  const enter = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    light(depth > 0);
  };
  const takes = ({ dataTransfer }) => {
    const types = dataTransfer?.types ?? [];
    return wanted() && (types.includes("Files") || (addresses() && types.includes("text/uri-list")));
  };
  document.addEventListener("dragenter", (event) => takes(event) && enter(1));
  document.addEventListener("dragleave", (event) => takes(event) && enter(-1));
  document.addEventListener("dragover", (event) => takes(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!takes(event)) return;
    event.preventDefault();
    enter(0);
    const file = firstPicture(event.dataTransfer.files);
    const address = file || !addresses() ? null : addressDropped(event.dataTransfer);
    if (file || address) receive({ file, address });
  });
};
