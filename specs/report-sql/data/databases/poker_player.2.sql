-- poker_player: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "people" ("People_ID" NUMERIC, "Nationality" TEXT, "Name" TEXT, "Birth_Date" TEXT, "Height" NUMERIC);
INSERT INTO "people" VALUES
(7, 'Russia', 'Umber', 'Daisy', 311),
(41, 'Willow', 'Cedar', 'Umber', 316),
(4, 'Violet', 'Fennel', 'Fennel', 399),
(15, 'Clover', 'Willow', 'Dahlia', 439),
(61, 'Poplar', 'Ginkgo', 'Juniper', 249),
(77, 'Umber', 'Dahlia', 'Yarrow', 127),
(112, 'Bamboo', 'Tulip', 'Bamboo', 155),
(32, 'Alder', 'Violet', 'Birch', 393),
(36, 'Rowan', 'Aspen', 'Clover', 176),
(95, 'Zinnia', 'Birch', 'Sage', 245),
(88, 'Fern', 'Laurel', 'Fern', 142),
(124, 'Sage', 'Poplar', 'Quince', 434),
(129, 'Hazel Nationality', 'Juniper', 'Iris', 409),
(119, 'Kelp Nationality', 'Iris', 'Hazel', 230),
(85, 'Birch', 'Daisy', 'Maple', 200);
CREATE TABLE "poker_player" ("Poker_Player_ID" NUMERIC, "People_ID" NUMERIC, "Final_Table_Made" NUMERIC, "Best_Finish" NUMERIC, "Money_Rank" NUMERIC, "Earnings" NUMERIC);
INSERT INTO "poker_player" VALUES
(65, 7, 1567, 2440, 767, 442982),
(119, 85, 3633, 3476, 347, 171152),
(90, 85, 1435, 431, 902, 589906),
(19, 85, 2080, 2236, 2936, 299999),
(41, 4, 4027, 1695, 1239, 103212),
(22, 95, 1915, 1945, 4520, 200000),
(33, 95, 978, 4335, 3441, 554931),
(17, 4, 2561, 2060, 1190, 333140),
(135, 7, 144, 128, 4327, 183893),
(34, 7, 537, 1358, 4257, 199999),
(30, 7, 1531, 591, 4855, 373090),
(100, 7, 4457, 3855, 2720, 300001),
(109, 7, 2394, 2871, 3531, 129240),
(59, 85, 2093, 4642, 3324, 154592),
(63, 4, 1665, 2390, 3697, 165278),
(68, 7, 4113, 3631, 4359, 352355);
