-- poker_player: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "people" ("People_ID" NUMERIC, "Nationality" TEXT, "Name" TEXT, "Birth_Date" TEXT, "Height" NUMERIC);
INSERT INTO "people" VALUES
(110, 'Willow', 'Aspen', 'Kelp', 184),
(91, 'Russia', 'Maple', 'Violet Birth', 201),
(113, 'Umber', 'Clover Name', 'Dahlia', 359),
(34, 'Russia', 'Fennel', 'Tulip', 246),
(107, 'Russia', 'Poplar', 'Sage', 331),
(12, 'Willow', 'Quince', 'Aspen', 325),
(4, 'Russia', 'Iris', 'Juniper', 120),
(83, 'Russia', 'Willow', 'Umber', 138),
(66, 'Russia', 'Umber', 'Poplar', 208),
(24, 'Russia', 'Nettle', 'Clover', 179),
(136, 'Clover', 'Fern', 'Alder', 284),
(10, 'Willow', 'Zinnia', 'Nettle', 235),
(69, 'Willow', 'Bamboo', 'Rowan', 309),
(119, 'Clover', 'Kelp', 'Laurel', 199),
(88, 'Willow', 'Yarrow', 'Daisy', 210),
(39, 'Russia', 'Olive', 'Elm', 418);
CREATE TABLE "poker_player" ("Poker_Player_ID" NUMERIC, "People_ID" NUMERIC, "Final_Table_Made" NUMERIC, "Best_Finish" NUMERIC, "Money_Rank" NUMERIC, "Earnings" NUMERIC);
INSERT INTO "poker_player" VALUES
(44, 24, 883, 4672, 1520, 387680),
(82, 12, 2717, 4072, 4789, 299672),
(103, 66, 4002, 643, 4231, 337991),
(107, 66, 4948, 664, 1914, 200000),
(14, 107, 4530, 2652, 884, 200001),
(121, 12, 2796, 1381, 271, 117685),
(36, 66, 1923, 340, 3071, 521345),
(37, 12, 1822, 724, 4906, 370609),
(90, 12, 4494, 2663, 4593, 327102),
(48, 66, 1196, 942, 2708, 540158),
(84, 12, 3207, 3789, 2239, 488767),
(76, 24, 2539, 567, 2541, 322788),
(113, 66, 4123, 2315, 813, 199999),
(43, 66, 3662, 1160, 601, 300000),
(1, 66, 4768, 1624, 1970, 322317);
