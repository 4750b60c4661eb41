// The list of the desk: on a phone the filters begin closed.
"use strict";
if (matchMedia("(max-width: 760px)").matches) document.querySelectorAll("[data-phone-closed]").forEach((d) => { d.open = false; });
