-- singer: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "singer" ("Singer_ID" NUMERIC, "Name" TEXT, "Birth_Year" NUMERIC, "Net_Worth_Millions" NUMERIC, "Citizenship" TEXT);
INSERT INTO "singer" VALUES
(64, 'Cedar', 1946, 4265, 'Dahlia'),
(134, 'Cedar', 2018, 1620, 'Hazel'),
(73, 'Rowan', 1963, 284, 'Hazel'),
(99, 'Laurel Name', 2029, 3836, 'Iris'),
(125, 'Fern', 2051, 4243, 'Hazel'),
(50, 'Laurel Name', 2019, 3609, 'Dahlia'),
(53, 'Fern', 2006, 3885, 'Dahlia'),
(66, 'Laurel Name', 2028, 4036, 'Iris'),
(131, 'Cedar', 2040, 4028, 'Hazel'),
(55, 'Rowan', 1973, 3015, 'Dahlia'),
(82, 'Laurel Name', 1956, 4630, 'France'),
(105, 'Fern', 2037, 859, 'Hazel'),
(54, 'Iris', 2057, 1739, 'Dahlia'),
(104, 'Fern', 2002, 1148, 'Hazel'),
(106, 'Fern', 2056, 4638, 'Hazel');
CREATE TABLE "song" ("Song_ID" NUMERIC, "Title" TEXT, "Singer_ID" NUMERIC, "Sales" NUMERIC, "Highest_Position" NUMERIC);
INSERT INTO "song" VALUES
(51, 'Tulip', 73, 207224, 3199),
(25, 'Ginkgo', 125, 436006, 4664),
(73, 'Fennel', 64, 361588, 2685),
(29, 'Clover', 55, 299999, 1676),
(65, 'Dahlia', 73, 453904, 1645),
(53, 'Birch', 64, 462305, 622),
(123, 'Fern', 125, 488375, 2414),
(43, 'Daisy', 64, 246475, 1704),
(114, 'Cedar', 73, 561727, 4035),
(37, 'Nettle', 125, 250894, 587),
(93, 'Bamboo', 105, 300000, 1321),
(128, 'Yarrow', 73, 456596, 4422),
(105, 'Rowan', 105, 385002, 4598),
(55, 'Umber Title', 73, 305077, 2323),
(116, 'Elm', 64, 471072, 772),
(87, 'Laurel', 73, 483052, 4775);
