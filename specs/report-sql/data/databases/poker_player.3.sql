-- poker_player: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "people" ("People_ID" NUMERIC, "Nationality" TEXT, "Name" TEXT, "Birth_Date" TEXT, "Height" NUMERIC);
INSERT INTO "people" VALUES
(60, 'Violet', 'Quince', 'Violet Birth', 385),
(35, 'Alder', 'Iris', 'Nettle', 363),
(88, 'Russia', 'Clover', 'Daisy', 187),
(72, 'Laurel', 'Zinnia', 'Ginkgo', 100),
(120, 'Alder', 'Ginkgo', 'Laurel', 441),
(16, 'Violet', 'Yarrow Name', 'Cedar', 370),
(119, 'Alder', 'Elm', 'Willow', 173),
(138, 'Alder', 'Cedar Name', 'Bamboo Birth', 238),
(32, 'Russia', 'Birch', 'Rowan', 425),
(126, 'Alder', 'Aspen', 'Alder', 182),
(62, 'Alder', 'Olive', 'Dahlia', 116),
(98, 'Russia', 'Laurel Name', 'Hazel', 137),
(42, 'Alder', 'Willow', 'Umber', 316),
(40, 'Russia', 'Kelp', 'Fennel', 356),
(8, 'Violet', 'Dahlia', 'Quince', 191),
(125, 'Laurel', 'Bamboo', 'Elm Birth', 393);
CREATE TABLE "poker_player" ("Poker_Player_ID" NUMERIC, "People_ID" NUMERIC, "Final_Table_Made" NUMERIC, "Best_Finish" NUMERIC, "Money_Rank" NUMERIC, "Earnings" NUMERIC);
INSERT INTO "poker_player" VALUES
(104, 8, 2368, 2631, 1809, 457873),
(131, 32, 4195, 2401, 3345, 384818),
(107, 40, 4258, 624, 3370, 132206),
(73, 40, 1208, 4078, 1768, 174569),
(42, 32, 1503, 2775, 841, 114212),
(138, 8, 4554, 2349, 4606, 200000),
(39, 8, 2235, 1989, 836, 378170),
(101, 40, 3079, 4856, 2689, 252482),
(77, 40, 259, 2374, 3276, 300001),
(99, 8, 2485, 2265, 960, 108137),
(127, 8, 4723, 3059, 3652, 205520),
(86, 8, 4309, 380, 2281, 280402),
(105, 8, 3943, 2163, 2614, 467966),
(3, 8, 1780, 3752, 2539, 300000),
(114, 60, 97, 2196, 3006, 565151);
