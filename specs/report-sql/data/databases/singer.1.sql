-- singer: schema from Spider (CC BY-SA 4.0), rows synthetic; written by build_data.py
CREATE TABLE "singer" ("Singer_ID" NUMERIC, "Name" TEXT, "Birth_Year" NUMERIC, "Net_Worth_Millions" NUMERIC, "Citizenship" TEXT);
INSERT INTO "singer" VALUES
(25, 'Fern', 1947, 2572, 'Elm'),
(107, 'Sage', 2060, 2116, 'France'),
(45, 'Maple', 2056, 1642, 'France'),
(15, 'Birch', 2053, 1078, 'France'),
(36, 'Poplar', 1962, 2178, 'Tulip Citizenship'),
(22, 'Willow', 2059, 4770, 'France'),
(33, 'Yarrow', 2004, 1066, 'France'),
(95, 'Alder', 2017, 3342, 'Elm'),
(12, 'Ginkgo', 1949, 688, 'France'),
(20, 'Daisy', 2026, 4273, 'Aspen'),
(43, 'Fennel', 1953, 580, 'Tulip Citizenship'),
(106, 'Quince', 1996, 556, 'Aspen'),
(82, 'Olive', 1975, 3434, 'Tulip Citizenship'),
(83, 'Kelp', 1978, 4863, 'Aspen'),
(10, 'Clover Name', 1955, 2802, 'Willow Citizenship'),
(16, 'Tulip', 2041, 4132, 'Tulip Citizenship');
CREATE TABLE "song" ("Song_ID" NUMERIC, "Title" TEXT, "Singer_ID" NUMERIC, "Sales" NUMERIC, "Highest_Position" NUMERIC);
INSERT INTO "song" VALUES
(84, 'Poplar', 10, 307078, 1469),
(67, 'Bamboo', 33, 332485, 1248),
(130, 'Tulip', 33, 331571, 3852),
(61, 'Quince', 25, 300000, 2178),
(45, 'Yarrow', 10, 577870, 872),
(54, 'Dahlia', 16, 262908, 105),
(129, 'Maple', 16, 480994, 3743),
(30, 'Ginkgo', 10, 372228, 3969),
(135, 'Iris', 10, 242235, 2144),
(23, 'Daisy', 16, 456965, 551),
(14, 'Birch', 10, 555703, 4298),
(49, 'Aspen', 10, 483816, 1582),
(75, 'Kelp', 10, 413865, 2582),
(12, 'Alder', 16, 166382, 1219),
(42, 'Umber Title', 10, 300544, 335);
