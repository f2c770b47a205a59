-- singer: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "singer" ("Singer_ID" NUMERIC, "Name" TEXT, "Birth_Year" NUMERIC, "Net_Worth_Millions" NUMERIC, "Citizenship" TEXT);
INSERT INTO "singer" VALUES
(23, 'Olive', 1944, 3983, 'France'),
(14, 'Violet', 1967, 1335, 'Alder'),
(135, 'Violet', 1967, 3424, 'Iris'),
(39, 'Olive', 2023, 2849, 'Daisy'),
(67, 'Violet', 2023, 4969, 'Zinnia'),
(116, 'Violet', 1967, 2304, 'Aspen'),
(25, 'Ginkgo', 1944, 1385, 'Hazel'),
(3, 'Olive', 1967, 4142, 'Yarrow'),
(113, 'Olive', 2023, 3619, 'Dahlia'),
(6, 'Violet', 1967, 2165, 'Olive Citizenship'),
(12, 'Ginkgo', 2023, 486, 'Fern'),
(128, 'Violet', 1967, 2510, 'Maple'),
(91, 'Violet', 2047, 510, 'Willow'),
(103, 'Olive', 1967, 2968, 'Bamboo'),
(44, 'Violet', 2023, 1451, 'Nettle'),
(98, 'Rowan', 1944, 2021, 'Tulip Citizenship');
CREATE TABLE "song" ("Song_ID" NUMERIC, "Title" TEXT, "Singer_ID" NUMERIC, "Sales" NUMERIC, "Highest_Position" NUMERIC);
INSERT INTO "song" VALUES
(66, 'Fern Title', 113, 202190, 587),
(62, 'Bamboo', 113, 238478, 3203),
(84, 'Bamboo', 113, 174646, 3126),
(135, 'Fern Title', 103, 596350, 2070),
(113, 'Bamboo', 113, 494628, 3592),
(47, 'Bamboo', 3, 260456, 1771),
(42, 'Cedar', 113, 410734, 285),
(130, 'Cedar', 103, 310626, 1738),
(82, 'Cedar', 103, 300000, 3575),
(132, 'Cedar', 67, 202350, 2312),
(15, 'Juniper', 67, 266199, 4279),
(20, 'Fern Title', 113, 202424, 3686),
(39, 'Cedar', 103, 474406, 2782),
(63, 'Bamboo', 103, 562210, 1746),
(43, 'Cedar', 113, 163775, 3859);
