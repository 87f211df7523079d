/* Whoever signs in here is not shown what somebody before them looked for. */
"use strict";

sessionStorage.clear();
